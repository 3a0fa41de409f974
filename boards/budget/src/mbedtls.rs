//! The same client with Mbed TLS, for comparison. `mbedtls/client.c` has what is C, and the configuration beside it.
//!
//! Its heap is not among the static data: it is memory of the machine that the linker does not know.

use crate::pki::{CLIENT, CLIENT_KEY, INTERMEDIATE, ROOT, SERVER_NAME};
use crate::roles::{ANSWER, Board, REQUEST, ROUNDS};
use core::ffi::{CStr, c_char, c_int, c_longlong, c_uchar, c_void};
use core::slice;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
use embedded_mtls::x509::Time;

/// Bytes of its heap.
const HEAP: usize = 64 * 1024;

/// Bytes, as C has them.
#[repr(C)]
struct Part {
    bytes: *const c_uchar,
    length: usize,
}

impl Part {
    const fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.as_ptr(), length: bytes.len() }
    }
}

/// All that it has to know before.
#[repr(C)]
struct Identity {
    root: Part,
    leaf: Part,
    intermediate: Part,
    key: Part,
    server: *const c_char,
}

type Send = extern "C" fn(*mut c_void, *const c_uchar, usize) -> c_int;
type Receive = extern "C" fn(*mut c_void, *mut c_uchar, usize) -> c_int;

unsafe extern "C" {
    fn heap_setup(memory: *mut u8, length: usize);
    safe fn heap_peak() -> usize;
    fn client_setup(
        identity: &Identity,
        time: c_longlong,
        transport: *mut c_void,
        send: Send,
        receive: Receive,
    ) -> c_int;
    safe fn client_handshake() -> c_int;
    fn client_write(bytes: *const c_uchar, length: usize) -> c_int;
    fn client_read(bytes: *mut c_uchar, length: usize) -> c_int;
    safe fn client_close() -> c_int;
}

/// Posts requests to a server that asks for our certificate, and reads the answers, as `roles::client` does.
pub fn client<B: Board>(mut board: B, heap: *mut u8, answer: &mut [u8; ANSWER]) -> Option<()> {
    let mut name = [0; 64];
    name.get_mut(..SERVER_NAME.len())?.copy_from_slice(SERVER_NAME.as_bytes());
    let identity = Identity {
        root: Part::new(ROOT),
        leaf: Part::new(CLIENT),
        intermediate: Part::new(INTERMEDIATE),
        key: Part::new(&CLIENT_KEY),
        server: CStr::from_bytes_until_nul(&name).ok()?.as_ptr(),
    };
    ENTROPY.iter().zip(board.entropy()).for_each(|(place, byte)| place.store(byte, Relaxed));
    let Time::Trusted(time) = B::time() else { return None };
    let transport = (&raw mut board).cast();
    // SAFETY: the heap is memory that nothing else uses, the board outlives the calls, and the callbacks are for it.
    done(unsafe {
        heap_setup(heap, HEAP);
        client_setup(&identity, time.0, transport, send::<B>, receive::<B>)
    })?;

    B::mark();
    done(client_handshake())?;
    B::mark();
    for _ in 0..ROUNDS {
        // SAFETY: the bytes are there for the time of the call.
        done(unsafe { client_write(REQUEST.as_ptr(), REQUEST.len()) })?;
        B::mark();
        // SAFETY: as above.
        done(unsafe { client_read(answer.as_mut_ptr(), answer.len()) })?;
        B::mark();
        B::answered(answer);
    }
    done(client_close())
}

/// Returns memory for its heap.
#[cfg(target_os = "none")]
pub fn heap() -> *mut u8 {
    // Behind what `memory/cortex-m4.x` names.
    0x2010_0000 as *mut u8
}

/// Returns the bytes of its heap that were in use.
pub fn peak() -> usize {
    heap_peak()
}

/// Returns memory for its heap.
#[cfg(not(target_os = "none"))]
pub fn heap() -> *mut u8 {
    static mut MEMORY: [u64; HEAP / 8] = [0; HEAP / 8];
    (&raw mut MEMORY).cast()
}

fn done(code: c_int) -> Option<()> {
    (code == 0).then_some(())
}

extern "C" fn send<B: Board>(board: *mut c_void, bytes: *const c_uchar, length: usize) -> c_int {
    // SAFETY: `client` has given it the board.
    let (board, bytes) = unsafe { (&mut *board.cast::<B>(), slice::from_raw_parts(bytes, length)) };
    let sent = board.write_all(bytes).and_then(|()| board.flush());
    sent.ok().and_then(|()| length.try_into().ok()).unwrap_or(-1)
}

extern "C" fn receive<B: Board>(board: *mut c_void, bytes: *mut c_uchar, length: usize) -> c_int {
    // SAFETY: as above.
    let (board, bytes) = unsafe { (&mut *board.cast::<B>(), slice::from_raw_parts_mut(bytes, length)) };
    board.read(bytes).ok().and_then(|count| count.try_into().ok()).unwrap_or(-1)
}

/// The entropy of the board, again and again: no image sends anything to anybody.
static ENTROPY: [AtomicU8; 128] = [const { AtomicU8::new(0) }; 128];
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// The generator of Mbed TLS. 0 means success.
#[unsafe(no_mangle)]
extern "C" fn mbedtls_psa_external_get_random(
    _: *mut c_void,
    bytes: *mut u8,
    length: usize,
    written: &mut usize,
) -> i32 {
    // SAFETY: Mbed TLS lends these bytes.
    for byte in unsafe { slice::from_raw_parts_mut(bytes, length) } {
        let next = NEXT.load(Relaxed);
        NEXT.store(next + 1, Relaxed);
        *byte = ENTROPY[next % ENTROPY.len()].load(Relaxed);
    }
    *written = length;
    0
}
