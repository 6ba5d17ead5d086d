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
	packed := bytes.NewBuffer(make([]byte, 0, len(src)/3))
	w, ok := thorough[c].Get().(packer)
	if !ok {
		w = newPacker(c)
	}
	w.Reset(packed)
	_, err := w.Write(src)
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	w.Reset(io.Discard) // the pool must not keep the buffer
	thorough[c].Put(w)
	if err != nil || !Worthwhile(int64(len(src)), int64(packed.Len())) { // a buffer takes everything: there is no error
		return nil
	}
	return bytes.Clone(packed.Bytes())
}

// packer is what writers of all codings can do.
type packer interface {
	io.WriteCloser
	Reset(dst io.Writer)
}

// thorough are the packers that wait for work, by coding.
var thorough [Count]sync.Pool

func newPacker(c Coding) packer {
	switch c {
	case Brotli:
		return brotli.NewWriterV2(io.Discard, brotliEffort)
	case Zstd:
		return newZstd(zstdEffort, zstdWindow)
	default:
		return newGzip(gzipEffort)
	}
}

// zstdWindow is the largest that every client must take (RFC 9659).
const zstdWindow = 8 << 20

func newZstd(level zstd.EncoderLevel, window int) *zstd.Encoder {
	w, err := zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options do not go together
	}
	return w
}

func newGzip(level int) *gzip.Writer {
	w, err := gzip.NewWriterLevel(io.Discard, level)
	if err != nil {
		panic(err) // there is no such level
	}
	return w
}
