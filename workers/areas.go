package workers

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// areas is memory that a worker shares with us, a part for each of its threads: a large piece of an answer is put there
// once, and is sent from there. Through a pipe the kernel would take new pages for all of it, which costs more than the
// copying.
//
// A thread uses its area anew when we have said, by a count of how often it was used, that we have taken what was there.
type areas struct {
	memory []byte // the counts, and then the areas
	size   int    // of an area
}

const (
	// largestArea is the size of an area, if there are not so many threads that they get less of areaMemory, which bounds all
	// together; with less than leastArea each there are none.
	largestArea = 1 << 20
	leastArea   = 256 << 10
	areaMemory  = 16 << 20
	// areaAlign is what the parts of the shared file are aligned to: to the largest page of all machines.
	areaAlign = 64 << 10
)

// areaSize is the size of the areas where there are so many threads in all.
func areaSize(threads int) int {
	size := min(largestArea, areaMemory/threads) / areaAlign * areaAlign
	if size < leastArea || !canShareAreas {
		return 0
	}
	return size
}

// aligned is where what follows so many bytes begins.
func aligned(bytes int) int { return (bytes + areaAlign - 1) / areaAlign * areaAlign }

// newAreas maps the areas of a number of slots, which stand in the file behind the marks. They are unmapped when nothing
// refers to them any more: the process may end while an answer is sent.
func newAreas(file *os.File, slots, size int) (*areas, error) {
	counts := aligned(markSize * slots)
	memory, err := syscall.Mmap(int(file.Fd()), int64(counts), counts+slots*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map shared memory: %w", err)
	}
	a := &areas{memory, size}
	runtime.AddCleanup(a, func(memory []byte) {
		_ = syscall.Munmap(memory) // it is a mapping
	}, memory)
	return a, nil
}

// of returns the area of a slot.
func (a *areas) of(slot, slots int) []byte {
	return a.memory[aligned(markSize*slots)+slot*a.size:][:a.size]
}

// taken counts one more use of a slot's area as over.
func (a *areas) taken(slot int) {
	atomic.AddUint32((*uint32)(unsafe.Pointer(&a.memory[markSize*slot])), 1)
}
