//! The example handshakes of RFC 8448 as hex, under the names of RFC 9846.

use std::vec::Vec;

/// The bytes of a hex string.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2));
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
}

/// The bytes of a hex string, of known length.
pub(crate) fn hex_array<const N: usize>(digits: &str) -> [u8; N] {
    hex(digits).try_into().unwrap()
}

/// Section 3, "Simple 1-RTT Handshake": `TLS_AES_128_GCM_SHA256`, X25519.
pub(crate) mod simple {
    /// X25519 private key of the client.
    pub(crate) const CLIENT_PRIVATE: &str = "49af42ba7f7994852d713ef2784bcbcaa7911de26adc5642cb634540e7ea5005";
    /// X25519 private key of the server.
    pub(crate) const SERVER_PRIVATE: &str = "b1580eeadf6dd589b8ef4f2d5652578cc810e9980191ec8d058308cea216a21e";
    /// Key share of the client.
    pub(crate) const CLIENT_PUBLIC: &str = "99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c";
    /// Key share of the server.
    pub(crate) const SERVER_PUBLIC: &str = "c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f";
    /// Result of the key exchange.
    pub(crate) const SHARED_SECRET: &str = "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d";
    pub(crate) const CLIENT_HELLO: &str = "\
        010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece700000613011303130201\
        0000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400\
        230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b00\
        03020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d00020101001c\
        00024001";
    pub(crate) const SERVER_HELLO: &str = "\
        020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024\
        001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304";
    pub(crate) const ENCRYPTED_EXTENSIONS: &str = "\
        080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000";
    pub(crate) const CERTIFICATE: &str = "\
        0b0001b9000001b50001b0308201ac30820115a003020102020102300d06092a864886f70d01010b0500300e310c300a\
        06035504031303727361301e170d3136303733303031323335395a170d3236303733303031323335395a300e310c300a\
        0603550403130372736130819f300d06092a864886f70d010101050003818d0030818902818100b4bb498f8279303d98\
        0836399b36c6988c0c68de55e1bdb826d3901a2461eafd2de49a91d015abbc9a95137ace6c1af19eaa6af98c7ced4312\
        0998e187a80ee0ccb0524b1b018c3e0b63264d449a6d38e22a5fda430846748030530ef0461c8ca9d9efbfae8ea6d1d0\
        3e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203010001a31a301830090603551d1304023000300b060355\
        1d0f0404030205a0300d06092a864886f70d01010b05000381810085aad2a0e5b9276b908c65f73a7267170618a54c5f\
        8a7b337d2df7a594365417f2eae8f8a58c8f8172f9319cf36b7fd6c55b80f21a03015156726096fd335e5e67f2dbf102\
        702e608ccae6bec1fc63a42a99be5c3eb7107c3c54e9b9eb2bd5203b1c3b84e0a8b2f759409ba3eac9d91d402dcc0cc8\
        f8961229ac9187b42b4de10000";
    pub(crate) const CERTIFICATE_VERIFY: &str = "\
        0f000084080400805a747c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90db78e2d3\
        3a5c141a078653fa6bef780c5ea248eeaaa785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e46445c\
        9ea58c181e818e95b8c3fb0bf3278409d3be152a3da5043e063dda65cdf5aea20d53dfacd42f74f3";
    pub(crate) const SERVER_FINISHED: &str = "\
        140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718";
    pub(crate) const CLIENT_FINISHED: &str = "\
        14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61";
    pub(crate) const NEW_SESSION_TICKET: &str = "\
        040000c90000001efad6aac502000000b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90bf\
        1b0070ad3c498883c9367c09a2be785abc55cd226097a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827\
        db279cce145077d454a3664d4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228\
        bda40dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7de6505e5bfbc388e93343694093934a\
        e4d3570008002a000400000400";
    pub(crate) const EARLY_SECRET: &str = "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a";
    pub(crate) const HANDSHAKE_SECRET: &str = "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac";
    pub(crate) const MAIN_SECRET: &str = "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919";
    /// Transcript hash, ClientHello to ServerHello.
    pub(crate) const HELLO_HASH: &str = "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8";
    /// Transcript hash, ClientHello to the Finished of the server.
    pub(crate) const SERVER_FINISHED_HASH: &str = "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13";
    pub(crate) const CLIENT_HANDSHAKE_TRAFFIC: &str =
        "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21";
    pub(crate) const SERVER_HANDSHAKE_TRAFFIC: &str =
        "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38";
    pub(crate) const CLIENT_APPLICATION_TRAFFIC: &str =
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
    pub(crate) const SERVER_APPLICATION_TRAFFIC: &str =
        "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
    pub(crate) const EXPORTER_SECRET: &str = "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50";
    pub(crate) const SERVER_HANDSHAKE_KEY: &str = "3fce516009c21727d0f2e4e86ee403bc";
    pub(crate) const SERVER_HANDSHAKE_IV: &str = "5d313eb2671276ee13000b30";
    pub(crate) const CLIENT_HANDSHAKE_KEY: &str = "dbfaa693d1762c5b666af5d950258d01";
    pub(crate) const CLIENT_HANDSHAKE_IV: &str = "5bd3c71b836e0b76bb73265f";
    pub(crate) const SERVER_APPLICATION_KEY: &str = "9f02283b6c9c07efc26bb9f2ac92e356";
    pub(crate) const SERVER_APPLICATION_IV: &str = "cf782b88dd83549aadf1e984";
    pub(crate) const CLIENT_APPLICATION_KEY: &str = "17422dda596ed5d9acd890e3c63f5051";
    pub(crate) const CLIENT_APPLICATION_IV: &str = "5b78923dee08579033e523d9";
    /// EncryptedExtensions, Certificate, CertificateVerify and Finished in one record.
    pub(crate) const SERVER_FLIGHT_RECORD: &str = "\
        17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf7869fcf40aa40aa2b8ea73f848a7ca\
        07612ef9f945cb960b4068905123ea78b111b429ba9191cd05d2a389280f526134aadc7fc78c4b729df828b5ecf7b13b\
        d9aefb0e57f271585b8ea9bb355c7c79020716cfb9b1183ef3ab20e37d57a6b9d7477609aee6e122a4cf51427325250c\
        7d0e509289444c9b3a648f1d71035d2ed65b0e3cdd0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd61092\
        8d809810e4b7ed1a8fd991f06aa6248204797e36a6a73b70a2559c09ead686945ba246ab66e5edd8044b4c6de3fcf2a8\
        9441ac66272fd8fb330ef8190579b3684596c960bd596eea520a56a8d650f563aad27409960dca63d3e688611ea5e22f\
        4415cf9538d51a200c27034272968a264ed6540c84838d89f72c24461aad6d26f59ecaba9acbbb317b66d902f4f292a3\
        6ac1b639c637ce343117b659622245317b49eeda0c6258f100d7d961ffb138647e92ea330faeea6dfa31c7a84dc3bd7e\
        1b7a6c7178af36879018e3f252107f243d243dc7339d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b48052c\
        f93b16499a66db7cca71e4599426f7d461e66f99882bd89fc50800becca62d6c74116dbd2972fda1fa80f85df881edbe\
        5a37668936b335583b599186dc5c6918a396fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8afe67f76913fa388cb\
        5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f5515614636c0b9b68c19ed2e31c0b3b66763038\
        ebba42f3b38edc0399f3a9f23faa63978c317fc9fa66a73f60f0504de93b5b845e275592c12335ee340bbc4fddd50278\
        4016e4b3be7ef04dda49f4b440a30cb5d2af939828fd4ae3794e44f94df5a631ede42c1719bfdabf0253fe5175be898e\
        750edc53370d2b";
    pub(crate) const CLIENT_FINISHED_RECORD: &str = "\
        170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1c\
        aeacab6867d726c40546";
    /// First record under the application keys of the server.
    pub(crate) const TICKET_RECORD: &str = "\
        17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db289a\
        015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e0\
        9c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77\
        f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74\
        bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f";
    /// First record under the application keys of the client.
    pub(crate) const CLIENT_DATA_RECORD: &str = "\
        1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b\
        62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
    /// Second record under the application keys of the server.
    pub(crate) const SERVER_DATA_RECORD: &str = "\
        17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8\
        fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
    /// Second record under the application keys of the client.
    pub(crate) const CLIENT_ALERT_RECORD: &str = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
    /// Third record under the application keys of the server.
    pub(crate) const SERVER_ALERT_RECORD: &str = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";
    /// Application data, the same both ways.
    pub(crate) const DATA: &str = "\
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\
        3031";
}

/// Section 4, "Resumed 0-RTT Handshake": `TLS_AES_128_GCM_SHA256`, X25519, the ticket of [`simple`].
#[cfg(feature = "resumption")]
pub(crate) mod resumed {
    use std::format;
    use std::string::String;

    /// Secret of the tickets of [`simple`](super::simple).
    pub(crate) const RESUMPTION_SECRET: &str = "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c";
    /// Of the ticket with the nonce 0000.
    pub(crate) const PSK: &str = "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3";
    pub(crate) const EARLY_SECRET: &str = "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c";
    /// Hash of the ClientHello without its binders.
    pub(crate) const BINDER_HASH: &str = "63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14";
    pub(crate) const BINDER: &str = "3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d";
    /// Result of the key exchange.
    pub(crate) const SHARED_SECRET: &str = "f44194756ff9ec9d25180635d66ea6824c6ab3bf179977be37f723570e7ccb2e";
    pub(crate) const HANDSHAKE_SECRET: &str = "005cb112fd8eb4ccc623bb88a07c64b3ede1605363fc7d0df8c7ce4ff0fb4ae6";
    pub(crate) const MAIN_SECRET: &str = "e2d32d4ed66dd37897a0e80c84107503ce58bf8aad4cb55a5002d77ecb890ece";

    /// The ClientHello up to its binders: padding of 87 zeros, then the ticket with its length.
    pub(crate) fn client_hello_without_binders() -> String {
        let ticket = super::simple::NEW_SESSION_TICKET.get(30..390).unwrap_or_default();
        let padding = "00".repeat(87);
        format!("{BEFORE_PADDING}{padding}002900dd00b8{ticket}fad6aacb")
    }

    const BEFORE_PADDING: &str = "\
        010001fc03031bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d9500000613011303130201\
        0001cd0000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400\
        3300260024001d0020e4ffb68ac05f8d96c99da26698346c6be16482badddafe051a66b4f18d668f0b002a0000002b00\
        03020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d00020101001c\
        0002400100150057";
}

/// Section 5, "HelloRetryRequest": `TLS_AES_128_GCM_SHA256`, P-256 after X25519 was offered.
pub(crate) mod retry {
    pub(crate) const CLIENT_HELLO_1: &str = "\
        010000b00303b0b1c5a5aa37c5919f2ed1d5c6fff7fcb7849716945a2b8cee9258a346677b6f00000613011303130201\
        0000810000000b0009000006736572766572ff01000100000a00080006001d00170018003300260024001d0020e8e8e3\
        f3b93a25ed97a14a7dcacb8a272c6288e585c6484d05262fcad062ad1f002b0003020304000d0020001e040305030603\
        020308040805080604010501060102010402050206020202002d00020101001c00024001";
    pub(crate) const HELLO_RETRY_REQUEST: &str = "\
        020000ac0303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c00130100008400330002\
        0017002c0074007271dcd04bb88bc3189119398a00000000eefafc76c146b823b096f8aacad365dd0030953f4edf6256\
        36e5f21bb2e23fcc654b1b5b40318d10d137abcbb87574e36e8a1f025f7dfa5d6e50781b5eda4aa15b0c8be778257d16\
        aa3030e9e7841dd9e4c0342267e8ca0caf571fb2b7cff0f934b0002b00020304";
    pub(crate) const CLIENT_HELLO_2: &str = "\
        010001fc0303b0b1c5a5aa37c5919f2ed1d5c6fff7fcb7849716945a2b8cee9258a346677b6f00000613011303130201\
        0001cd0000000b0009000006736572766572ff01000100000a00080006001d001700180033004700450017004104a6da\
        7392ec591e17abfd535964b99894d13befb221b3def2ebe3830eac8f0151812677c4d6d2237e85cf01d6910cfb83954e\
        76ba7352830534159897e8065780002b0003020304000d0020001e040305030603020308040805080604010501060102\
        010402050206020202002c0074007271dcd04bb88bc3189119398a00000000eefafc76c146b823b096f8aacad365dd00\
        30953f4edf625636e5f21bb2e23fcc654b1b5b40318d10d137abcbb87574e36e8a1f025f7dfa5d6e50781b5eda4aa15b\
        0c8be778257d16aa3030e9e7841dd9e4c0342267e8ca0caf571fb2b7cff0f934b0002d00020101001c00024001001500\
        af0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        0000000000000000000000000000000000000000000000000000000000000000";
    pub(crate) const SERVER_HELLO: &str = "\
        020000770303bb341d847fd789c47c387172dc0c9bf147fccacb5043d86ca4c598d3ff571b9800130100004f00330045\
        0017004104583e054b7a66672ae020ad9d2686fcc85b5ad41a134a0f03ee72b893052bd85b4c8de6776f5b04ac07d835\
        40eab3e3d9c547bc6528c4317d294686093a6cad7d002b00020304";
    /// P-256 private key of the client.
    pub(crate) const CLIENT_PRIVATE: &str = "ab5473467e19346ceb0a0414e41da21d4d2445bc3025afe97c4e8dc8d513da39";
    /// Key share of the client.
    pub(crate) const CLIENT_PUBLIC: &str = "\
        04a6da7392ec591e17abfd535964b99894d13befb221b3def2ebe3830eac8f0151812677c4d6d2237e85cf01d6910cfb\
        83954e76ba7352830534159897e8065780";
    /// Key share of the server.
    pub(crate) const SERVER_PUBLIC: &str = "\
        04583e054b7a66672ae020ad9d2686fcc85b5ad41a134a0f03ee72b893052bd85b4c8de6776f5b04ac07d83540eab3e3\
        d9c547bc6528c4317d294686093a6cad7d";
    /// Result of the key exchange: an x coordinate.
    pub(crate) const SHARED_SECRET: &str = "c142ce13ca11b5c2233652e63ad3d97844f1621fbfb9de69d547dc8fedeabeb4";
    /// Transcript hash, `message_hash` to ServerHello.
    pub(crate) const HELLO_HASH: &str = "8aa8e828ec2f8a884fec95a3139de01c15a3daa7ff5bfc3f4bfcc21b438d7bf8";
    pub(crate) const HANDSHAKE_SECRET: &str = "ce022e5e6e81e50736d773f2d3adfce8220d049bf510f0dbfac927ef4243b148";
    pub(crate) const CLIENT_HANDSHAKE_TRAFFIC: &str =
        "158aa7ab8855073582b41d674b4055cabcc534728f659314861b4e08e2011566";
    pub(crate) const SERVER_HANDSHAKE_TRAFFIC: &str =
        "3403e781e2af7b6508da28574f6e95a1abf162de83a97927c37672a4a0cef8a1";
    pub(crate) const MAIN_SECRET: &str = "1131545d0baf79ddce9b87f06945781a57dd18ef378dcd2060f8f9a569027ed8";
}
