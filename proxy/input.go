package proxy

import "sync"

// input is what a client has sent and nobody has taken yet. It has no memory while it is empty and the client is silent.
type input struct {
	buf  []byte
	r, w int
}

const inputSize = 4 << 10

// inputs holds buffers of the size in which most heads have room.
var inputs = sync.Pool{New: func() any { return new([inputSize]byte) }}

func freeInput(b []byte) {
	if cap(b) == inputSize {
		inputs.Put((*[inputSize]byte)(b[:inputSize]))
	}
}

func (in *input) empty() bool { return in.r == in.w }

// pending is what waits to be taken.
func (in *input) pending() []byte { return in.buf[in.r:in.w] }

// room returns memory behind what waits, which added counts as filled.
func (in *input) room() []byte {
	switch {
	case in.buf == nil:
		in.buf = inputs.Get().(*[inputSize]byte)[:]
	case in.empty():
		in.r, in.w = 0, 0
	case in.w == len(in.buf):
		in.grow()
	}
	return in.buf[in.w:]
}

// grow makes room where there is none: by moving what waits to the front, or in a larger buffer.
func (in *input) grow() {
	if in.r >= len(in.buf)/2 {
		in.w = copy(in.buf, in.pending())
		in.r = 0
		return
	}
	old := in.buf
	in.buf = make([]byte, max(2*len(old), inputSize))
	in.w = copy(in.buf, old[in.r:in.w])
	in.r = 0
	freeInput(old)
}

// detach leaves the buffer to its taker, who has parts of it in use, and goes on in another one with what waits.
func (in *input) detach() []byte {
	old, rest := in.buf, in.pending()
	in.buf, in.r, in.w = nil, 0, 0
	if len(rest) > 0 {
		in.buf = inputs.Get().(*[inputSize]byte)[:]
		if len(rest) > len(in.buf) {
			freeInput(in.buf)
			in.buf = make([]byte, len(rest))
		}
		in.w = copy(in.buf, rest)
	}
	return old
}

// shrink gives up memory that is not needed while the client is silent.
func (in *input) shrink() {
	if in.empty() {
		in.free()
		return
	}
	const step = 256 // so that a client that sends a byte now and then does not cost a new buffer each time
	size := (in.w - in.r + step) / step * step
	if size > len(in.buf)/2 {
		return
	}
	old := in.buf
	in.buf = make([]byte, size)
	in.w = copy(in.buf, old[in.r:in.w])
	in.r = 0
	freeInput(old)
}

func (in *input) free() {
	freeInput(in.buf)
	*in = input{}
}

// put adds what was read by other means and belongs here. It is called when nothing waits.
func (in *input) put(b []byte) {
	for len(b) > 0 {
		n := copy(in.room(), b)
		in.w += n
		b = b[n:]
	}
}
