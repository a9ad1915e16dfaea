//! Counts the live bytes and the allocations of each thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// Less than nothing where a thread frees what another one made. Counted by thread, because what is timed
    /// allocates too, and a shared counter takes a locked instruction.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

// Layouts are at most as large as `isize::MAX`. A thread that is ending is none that measures.
fn note_made(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().wrapping_add_unsigned(bytes)));
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

fn note_freed(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().wrapping_sub_unsigned(bytes)));
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches none of the memory.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note_made(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note_freed(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note_made(new_size);
        note_freed(layout.size());
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `make` returns, and the bytes that it keeps.
pub fn live_bytes_of<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    let made = make();
    (made, usize::try_from(LIVE.get() - before).unwrap_or_default())
}

/// How often this thread allocates during `work`.
pub fn allocations_of(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}
