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
  have its feature `compact-memory`, which replaces `memcpy` and the like, and one more flag: `'-Cllvm-args=-inline-threshold=10'` puts
  only short functions into their callers, which takes 700 bytes less. It is an option of LLVM, which another compiler may not know.
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

/// The rules of the account.
pub(crate) const ACCOUNT: &str = "\
A client with ChaCha20-Poly1305 and P-256 of `embedded-mtls-micro`, in the profile *tuned*, by the functions in its image. The compiler puts
short functions into their callers, so a part also has what it alone calls: the states have much of the key schedule, and the driver has the
session. These rows are written by each `cargo xtask budget --write`, but not compared with what was kept, since a change may move a function.

";

/// The judgement below it.
pub(crate) const FORM: &str = "\
A client in the device profile goes without most of the constraints, the choice of a credential, addresses and HelloRetryRequest.

BearSSL's TLS 1.2 and X.509 take 18 KB. Of the difference, about 12 KB were completeness when the code was counted line by line, at 72,800
bytes: constraints, any order of the certificates, the choice of a credential, explanations, IP addresses and HelloRetryRequest. BearSSL rejects
critical constraints, expects certificates in order, and names an error but not the certificate. The rest is form:

- Most of BearSSL's 18 KB are bytecode, for an interpreter of its own, in which a step of a parser takes one or two bytes. Our parsers are
  machine code: a field that is read, checked and reported takes 20 to 40 bytes.
- The propagation of `Result` and `Option` took 6.5 KB, as the debug information attributed it to these types; C does the same with one error
  variable of the whole connection.
- Keys belong to the state that may use them, so that a key of the wrong stage cannot be used: each step to the next keys copies what
  remains, and wipes it on each way out.

Tried last, in bytes of this client as linked, and given up:

| Variant | Size |
|---|---:|
| the secrets of an epoch derived in a loop over their labels | +212 B |
| the same into places that exist, one after the other | +100 B |
| no inlining at all (`-inline-threshold=0`) beside the compiler's own choice | +252 B |
| a limit of 14 instead of 10 | +412 B |
| `embedded-mtls-micro` at `opt-level = \"z\"`, with 9 % more instructions for a handshake and 3 % more for 1 KiB | -872 B |
| LLVM's outliner in `embedded-mtls-micro`, too, with 0.7 % more instructions | -260 B |
| LLVM's `-arm-promote-constant` and `-sink-insts-to-avoid-spills`, which LLVM leaves off | -444 B |

The last three work, and a program may use them. The bars that are missed would need this:

- **One suite** and **both suites**: leaving out what the device profile leaves out (measured: the difference of the rows above), and reading DER,
  certificates and blocks of extensions by an interpreter instead of machine code (an estimate from BearSSL's share: 4 to 6 KB). Both, with
  `opt-level = \"z\"`, would meet the bars (an estimate: 53 and 58 KB). The first is what the default promises to have.
- **Device profile**: the interpreter, and certificates in the order of the path, names compared byte by byte, and errors without the certificate
  that they concern (an estimate: 4 KB); that would still be 2 to 3 KB above the bar. The profile leaves out no check and no explanation, so it
  keeps these.
- **RustCrypto**: a smaller P-256 and AES. The crates are not ours, and more of them at `opt-level = \"z\"` is the profile *small*, at half the speed.
";
