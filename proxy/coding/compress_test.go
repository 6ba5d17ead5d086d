package coding

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unpack undoes a coding. gzip is undone by another package than the one that made it.
func unpack(t testing.TB, c Coding, packed io.Reader) []byte {
	t.Helper()
	text, err := io.ReadAll(unpacking(t, c, packed))
	require.NoError(t, err)
	return text
}

func unpacking(t testing.TB, c Coding, packed io.Reader) io.Reader {
	t.Helper()
	switch c {
	case Brotli:
		return brotli.NewReader(packed)
	case Zstd:
		decoder, err := zstd.NewReader(packed, zstd.WithDecoderMaxWindow(zstdWindow))
		require.NoError(t, err)
		t.Cleanup(decoder.Close)
		return decoder
	default:
		reader, err := gzip.NewReader(packed)
		require.NoError(t, err)
		return reader
	}
}

func TestCompress(t *testing.T) {
	for _, size := range []int{100, 5000, 100_000, 9 << 20} {
		text := []byte(strings.Repeat("body { color: teal } /* comment */\n", size/34+1)[:size])
		for _, c := range All {
			packed := Compress(c, text)
			require.NotNil(t, packed, "%s of %d", c, size)
			assert.Less(t, len(packed), size)
			if !bytes.Equal(text, unpack(t, c, bytes.NewReader(packed))) {
				t.Errorf("%s of %d bytes is another text", c, size)
			}
		}
	}
}

func TestCompressLeavesWhatDoesNotShrink(t *testing.T) {
	noise := make([]byte, 10_000)
	_, err := rand.Read(noise)
	require.NoError(t, err)
	for _, c := range All {
		assert.Nil(t, Compress(c, noise), c)
		assert.Nil(t, Compress(c, nil), c)
		assert.Nil(t, Compress(c, []byte("ab")), c)
	}
}

func TestCompressByMany(t *testing.T) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			text := bytes.Repeat([]byte{byte(i), 'x'}, 5000)
			for _, c := range All {
				assert.Equal(t, text, unpack(t, c, bytes.NewReader(Compress(c, text))))
			}
		})
	}
	all.Wait()
}
