package reply

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opened makes a file with a text and opens it until the test ends.
func opened(t testing.TB, text string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() }) // some tests have closed it already
	return file
}

func TestWriteTo(t *testing.T) {
	file := opened(t, "0123456789")
	tests := map[string]struct {
		reply Reply
		want  string
		err   error
	}{
		"nothing":       {Reply{}, "", nil},
		"memory":        {Reply{Body: []byte("body")}, "body", nil},
		"a whole file":  {Reply{File: file, Parts: []Part{{Count: 10}}}, "0123456789", nil},
		"a piece of it": {Reply{File: file, Parts: []Part{{Offset: 3, Count: 4}}}, "3456", nil},
		"several pieces": {
			Reply{File: file, Parts: []Part{{[]byte("<a>"), 8, 2}, {[]byte("<b>"), 0, 1}}, Suffix: []byte("</>")},
			"<a>89<b>0</>", nil,
		},
		"a file that has shrunk": {
			Reply{File: file, Parts: []Part{{Offset: 8, Count: 4}, {Count: 1}}, Suffix: []byte("never")}, "89", ErrShort,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			n, err := tt.reply.WriteTo(&got)
			require.ErrorIs(t, err, tt.err)
			assert.Equal(t, tt.want, got.String())
			assert.EqualValues(t, got.Len(), n)
		})
	}
}

// brittle takes so many bytes and then fails.
type brittle struct{ left int }

var errGone = errors.New("the client has left")

func (b *brittle) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	if n < len(p) {
		return n, errGone
	}
	return n, nil
}

func TestWriteToSaysHowMuchTheClientTook(t *testing.T) {
	reply := Reply{File: opened(t, "0123"), Parts: []Part{{[]byte("<a>"), 0, 2}, {[]byte("<b>"), 2, 2}}, Suffix: []byte("</>")}
	whole := len("<a>01<b>23</>")
	for room := range whole {
		n, err := reply.WriteTo(&brittle{room})
		require.ErrorIs(t, err, errGone)
		assert.EqualValues(t, room, n)
	}
	n, err := reply.WriteTo(&brittle{whole})
	require.NoError(t, err)
	assert.EqualValues(t, whole, n)
}

func TestDoneCallsRelease(t *testing.T) {
	calls := 0
	(&Reply{Release: func() { calls++ }}).Done()
	(&Reply{}).Done()
	assert.Equal(t, 1, calls)
}

func TestBareIsAnErrorWithoutAPage(t *testing.T) {
	assert.True(t, (&Reply{Status: 404}).Bare())
	assert.False(t, (&Reply{Status: 404, Body: []byte("page"), Length: 4}).Bare())
	assert.False(t, (&Reply{Status: 404, File: os.Stdin}).Bare(), "an empty file is an answer")
	assert.False(t, (&Reply{Status: 304}).Bare())
	assert.False(t, (&Reply{Status: 200}).Bare())
}
