package coding

import (
	"bytes"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The effort that is made for what is compressed once and sent often: the last step that still costs about as much as it
// gains. On one processor of 2026 Brotli takes 30 ms a megabyte so, Zstandard and gzip 15.
const (
	brotliEffort = 6
	zstdEffort   = zstd.SpeedBetterCompression
	gzipEffort   = 7
)

// Compress returns src in a coding, or nil if that is not smaller by a tenth at least: then it is not worth the client's
// work. It keeps a processor busy meanwhile.
func Compress(c Coding, src []byte) []byte {
	var packed bytes.Buffer
	packed.Grow(len(src) / 3)
	pool := &packers[c]
	packer, ok := pool.Get().(packer)
	if !ok {
		packer = newPacker(c)
	}
	packer.Reset(&packed)
	_, err := packer.Write(src)
	if closeErr := packer.Close(); err == nil {
		err = closeErr
	}
	packer.Reset(io.Discard) // the pool must not keep the buffer
	pool.Put(packer)
	if err != nil || packed.Len() > len(src)-len(src)/10 { // a buffer takes everything: there is no error
		return nil
	}
	return bytes.Clone(packed.Bytes())
}

// packer is what writers of all codings can do.
type packer interface {
	io.WriteCloser
	Reset(dst io.Writer)
}

// packers are those that wait for work, by coding.
var packers [Count]sync.Pool

func newPacker(c Coding) packer {
	switch c {
	case Brotli:
		return brotli.NewWriterV2(io.Discard, brotliEffort)
	case Zstd:
		w, err := zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(zstdEffort), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow))
		if err != nil {
			panic(err) // the options above do not go together
		}
		return w
	default:
		w, err := gzip.NewWriterLevel(io.Discard, gzipEffort)
		if err != nil {
			panic(err) // there is no such level
		}
		return w
	}
}

// zstdWindow is the largest that every client must take (RFC 9659).
const zstdWindow = 8 << 20
