#!/bin/sh
# Makes the certificates beside it: for each kind of key a root, a server and a client, with OpenSSL 3.
#
#   sh tests/data/algorithms/make.sh [KIND...]
#
# KIND/root.der signs KIND/server.der and KIND/client.der, which have the key KIND/leaf-key.der (PKCS#8).
# The keys are of these tests alone. All certificates are valid from 2020 to 2040.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/ca.cnf" <<END
[ca]
default_ca = own
[own]
database = $work/index
serial = $work/serial
new_certs_dir = $work
policy = any
unique_subject = no
x509_extensions = root
[any]
organizationName = optional
commonName = supplied
[req]
distinguished_name = empty
[empty]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:supplier.example.com
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END

# make KIND HASH-OF-CERTIFICATES "KEY OF ROOT" "KEY OF LEAVES" [SIGNATURE OPTIONS...]
make() {
    kind=$1 hash=$2 root_key=$3 leaf_key=$4
    shift 4
    case " $wanted " in *" $kind "* | "  ") ;; *) return ;; esac
    mkdir -p "$here/$kind"
    : > "$work/index"
    echo 01 > "$work/serial"
    # shellcheck disable=SC2086
    openssl genpkey $root_key -out "$work/root.key"
    # shellcheck disable=SC2086
    openssl genpkey $leaf_key -out "$work/leaf.key"
    issue root "Root of $kind" "$work/root.key" -selfsign "$@"
    openssl x509 -inform DER -in "$here/$kind/root.der" -out "$work/root.pem"
    issue server supplier.example.com "$work/leaf.key" -cert "$work/root.pem" "$@"
    issue client gateway-7 "$work/leaf.key" -cert "$work/root.pem" "$@"
    openssl pkcs8 -topk8 -nocrypt -in "$work/leaf.key" -outform DER -out "$here/$kind/leaf-key.der"
}

# issue ROLE NAME KEY OPTIONS...
issue() {
    role=$1 name=$2 key=$3
    shift 3
    # The hash of a request is of no matter, but a key may allow only one.
    openssl req -new -config "$work/ca.cnf" -key "$key" -subj "/O=Example/CN=$name" "-$hash" -out "$work/request.pem"
    openssl ca -batch -notext -config "$work/ca.cnf" -keyfile "$work/root.key" -md "$hash" -extensions "$role" \
        -startdate 20200101000000Z -enddate 20400101000000Z -in "$work/request.pem" -out "$work/$role.pem" "$@"
    openssl x509 -in "$work/$role.pem" -outform DER -out "$here/$kind/$role.der"
}

wanted="$*"
p256="-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve"
p384="-algorithm EC -pkeyopt ec_paramgen_curve:P-384 -pkeyopt ec_param_enc:named_curve"
rsa="-algorithm RSA -pkeyopt rsa_keygen_bits"
pss="-algorithm RSA-PSS -pkeyopt rsa_keygen_bits"
only="-pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32"

make p256-sha384 sha384 "$p256" "$p256"
make p384-sha256 sha256 "$p384" "$p384"
make p384-sha384 sha384 "$p384" "$p384"
make ed25519 null "-algorithm ED25519" "-algorithm ED25519"
make rsa2048-pkcs1-sha256 sha256 "$rsa:2048" "$rsa:2048"
make rsa3072-pkcs1-sha384 sha384 "$rsa:3072" "$rsa:3072"
make rsa4096-pkcs1-sha512 sha512 "$rsa:4096" "$rsa:4096"
make rsa2048-pss-sha384 sha384 "$rsa:2048" "$rsa:2048" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
make pss2048-any sha512 "$pss:2048" "$pss:2048" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
make pss2048-sha256 sha256 "$pss:2048 $only" "$pss:2048 $only" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
