package coding

import (
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The effort that is made for what is compressed ahead of time, when nobody waits: all there is. Brotli takes a second a
// megabyte so, on one processor of 2026.
const (
	brotliBest = brotli.BestCompression
	zstdBest   = zstd.SpeedBestCompression
	gzipBest   = gzip.BestCompression
)

// Worthwhile reports whether a copy of so many bytes of what has size is sent in its stead: it is, if it is smaller by a
// tenth at least. Else it is not worth the client's work.
func Worthwhile(size, packed int64) bool { return packed <= size-size/10 && size > 0 }

// Pack writes what src has to dst in a coding, as small as can be. It keeps a processor busy for long: src may end it with
// an error.
func Pack(c Coding, dst io.Writer, src io.Reader) error {
	w, ok := best[c].Get().(packer)
	if !ok {
		w = newBest(c)
	}
	w.Reset(dst)
	_, err := io.Copy(struct{ io.Writer }{w}, src) // not by a ReadFrom of the writer's, which may take errors for an end
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	w.Reset(io.Discard)
	best[c].Put(w)
	return err
}

// best are the packers for Pack that wait for work, by coding.
var best [Count]sync.Pool

func newBest(c Coding) packer {
	switch c {
	case Brotli:
		return brotli.NewWriterLevel(io.Discard, brotliBest)
	case Zstd:
		return newZstd(zstdBest, zstdWindow)
	default:
		return newGzip(gzipBest)
	}
}

// Unpack returns a reader of what src has in a coding. What is in no such coding is an error of it or of its Read. The
// caller closes it.
func Unpack(c Coding, src io.Reader) (io.ReadCloser, error) {
	switch c {
	case Brotli:
		return io.NopCloser(brotli.NewReader(src)), nil
	case Zstd:
		r, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, err
		}
		return r.IOReadCloser(), nil
	default:
		return gzip.NewReader(src)
	}
}
