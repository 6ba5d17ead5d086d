package workers

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
)

// marks is memory that a worker shares with us. Each of its threads writes there which of its requests it calls the
// application for, just before it does, and that outlives the process: what is not marked was never begun.
type marks struct {
	mu     sync.Mutex
	memory []byte // a u32 for each slot, in the machine's order
	mapped bool
}

const markSize = 4

// newMarks makes the memory for a number of slots, and the file through which the worker gets at it: with so much room
// behind it.
func newMarks(slots, room int) (_ *marks, theirs *os.File, err error) {
	size := markSize * slots
	file, err := sharedFile(size + room)
	if err != nil {
		return nil, nil, fmt.Errorf("make shared memory: %w", err)
	}
	memory, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		_ = file.Close() // it is empty
		return nil, nil, fmt.Errorf("map shared memory: %w", err)
	}
	return &marks{memory: memory, mapped: true}, file, nil
}

// of returns the number of the last request that a slot's thread has called the application for; 0 is none. It is final
// when the process has ended, also after close.
func (m *marks) of(slot int) uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return binary.NativeEndian.Uint32(m.memory[markSize*slot:])
}

// close gives the memory back and keeps what it holds.
func (m *marks) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mapped {
		shared := m.memory
		m.memory, m.mapped = slices.Clone(shared), false
		_ = syscall.Munmap(shared) // it is a mapping
	}
}
