package compress

import (
	"io"

	"forebay/proxy/coding"
)

// Stream is an answer on its way through a compressor. It belongs to one goroutine.
type Stream struct {
	coding.Stream
	compressor *Compressor
	chosen     coding.Coding
}

// Open begins a stream that writes what is coded to dst; nil says that as many are open as may be, and that the answer goes
// as it is. Whoever gets one calls Free in the end.
func (c *Compressor) Open(chosen coding.Coding, dst io.Writer) *Stream {
	select {
	case c.free <- struct{}{}:
		return &Stream{coding.NewStream(chosen, dst), c, chosen}
	default:
		return nil
	}
}

// Free gives back what the stream needed. What was not flushed is lost.
func (s *Stream) Free() {
	coding.Free(s.chosen, s.Stream)
	<-s.compressor.free
}
