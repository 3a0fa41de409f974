//! The sentences of the page.

/// The method of measurement.
pub(crate) const METHOD: &str = "\
The task is the same for every implementation: one full TLS 1.3 handshake in which both sides send a leaf and an intermediate with P-256
keys and all checks are enabled, followed by two requests and two responses of 1 KiB each. Records of 2 KiB are received, of 1 KiB sent.

- **Flash** is the size of an image beyond that of an empty one in the same frame (start-up code, UART, certificates, keys, request):
  fat LTO, one codegen unit, panic = abort. The images are in `boards/budget` and contain no code for measuring.
- **Instructions** are counted in QEMU's `mps2-an386` (Cortex-M4F) with `-icount shift=6`. Each takes the same virtual time, so a hardware
  timer, read before and after, counts them exactly. An image contains one side only and receives a recording of the other side from the
  host. Entropy, clock, keys and signatures are fixed, so all runs are identical; each figure is measured twice, and both results have to
  agree. Parsing our own certificates and key, the transport and start-up are not counted. These are instructions, not cycles: on a
  Cortex-M4 without wait states an instruction takes about 1.4 cycles.
- **RAM** is static memory, which the images use only for the buffers, plus the painted peak of the stack during handshake and data; the
  handshake and the session are on the stack.

`cargo xtask budget` fails if a figure gets worse by more than 2 %.
";

/// Advice below the settings of the recommended profile.
pub(crate) const CHOICE: &str = "\
- *small* omits the package settings: for a device that rarely opens a connection and has no flash to spare.
- *fast* is `opt-level = 3` and none of the flags: for a device with plenty of flash.
- The packages listed are those whose own code benefits. `aes`, `aes-gcm`, `chacha20`, `ctr` and similar crates are generic, and generic
  code is compiled with the settings of the crate that uses it: here `embedded-mtls-aead`, which exists for this purpose.
- With P-256 in assembly (`cortex-m4`), `crypto-bigint` and `p256` hardly matter.
- With `embedded-mtls-micro`, which is **unaudited**, that package alone matters, at `opt-level = \"s\"`. Its images
  have its feature `compact-memory`, which replaces `memcpy` and the like.
- *Device profile* is a client with one identity for one kind of server (docs/support.md): the images lack the feature `any-peer`, and their
  host has one credential.
- The images run `Stream::establish`, in which the handshake and the stream have one place.
- The buffers are aligned so that the content of a record, after its header of 5 bytes, begins at a multiple of 4 (`ForRecords` in
  `boards/budget/src/roles.rs`): with ChaCha20-Poly1305 that saves a sixth of the instructions for 1 KiB.
";

/// The assumptions of the estimates.
pub(crate) const TIME_AND_ENERGY: &str = "\
**Estimates**, from the counted instructions; nothing here was measured on a chip, and other code may be off by a quarter.

- *With a cache*: 1.4 cycles for an instruction. That is what the published cycles of P256-Cortex-M4 on an nRF52840 with its cache switched on (key
  pair 327,000, shared secret 906,000, signature 375,000, verification 976,000) are to its counted instructions. At 64 MHz the data sheet of the
  nRF52840 gives 3.3 mA at 3 V (CoreMark from flash, with cache and DC/DC converter), without radio and regulator losses.
- *With wait states*: 1.8 cycles for an instruction. That is what the published times of p256-m on an STM32F411 at 100 MHz (3 wait states; key pair
  145 ms, verification 309 ms) are to its counted instructions.

The time on the wire and in a radio is not included, and is often longer.

";

/// The bytes of each part of a client, from the symbols and the debug information of one image.
pub(crate) const ACCOUNT: &str = "\
Bytes of a client with ChaCha20-Poly1305 and P-256 of `embedded-mtls-micro`, in the profile *tuned*, by the file whose code they are according
to the debug information, code that was inlined included. Counted once, when this client took 72,800 bytes; the table above has what it takes now.

| Part | Bytes |
|---|---:|
| certificates: DER, fields, extensions, algorithms, dates, anchors | 5,102 |
| the search for a path, its rules and checks | 4,884 |
| summaries, which allow certificates in any order | 2,636 |
| names: host names, common names, equality | 1,856 |
| name constraints, with the comparison of directory names | 4,034 |
| IP addresses in text | 812 |
| excerpts of rejected certificates, for the explanation | 1,260 |
| the choice of a credential by the server's request | 3,044 |
| states of the handshake | 6,658 |
| HelloRetryRequest | 486 |
| key schedule and transcript | 2,146 |
| messages, and their readers and writers | 5,176 |
| records | 4,878 |
| connection, session, driver, host | 3,856 |
| errors and their alerts | 514 |
| calls of the provider, logging | 882 |
| **core** | **48,224** |
| cryptography of `embedded-mtls-micro` | 15,096 |
| inlined code of the standard library | 2,786 |
| `memcpy` and the like | 1,888 |
| `zeroize`, `subtle` | 718 |
| program, traits of transports, padding | 672 |
| constants, with 1,536 bytes of tables for the curve | 3,416 |

A client in the device profile goes without most of the constraints, the choice of a credential, addresses and HelloRetryRequest.

BearSSL's TLS 1.2 and X.509 take 18 KB. Of the difference of 30 KB, 12 KB are completeness: constraints (4,034 bytes), any order of the certificates
(2,636), the choice of a credential (3,044), explanations (1,260), IP addresses (812) and HelloRetryRequest (486). BearSSL rejects critical
constraints, expects certificates in order, and names an error but not the certificate.

The rest is form:

- Most of BearSSL's 18 KB are bytecode, for an interpreter of its own, in which a step of a parser takes one or two bytes. Our parsers are
  machine code: a field that is read, checked and reported takes 20 to 40 bytes.
- The propagation of `Result` and `Option` takes 6.5 KB of the whole image, as the debug information attributes it to these types; C does
  the same with one error variable of the whole connection.
- Keys belong to the state that may use them, so that a key of the wrong stage cannot be used: each step to the next keys copies what
  remains, on a stack that is otherwise low at that time.
- Of the standard functions, `memcpy` and the like took 1,888 bytes. Since this was counted, the feature `compact-memory` has loops of 150
  bytes in their place, which take fewer instructions as well.
";
