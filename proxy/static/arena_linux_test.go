package static

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// blocks is what the kernel has given the arena, in bytes.
func (a *arena) blocks(t *testing.T) int64 {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Fstat(int(a.file.Fd()), &stat))
	return stat.Blocks * 512
}

func TestWhatIsNotKeptTakesNoMemory(t *testing.T) {
	a := newArena()
	require.NotNil(t, a)
	body := bytes.Repeat([]byte("x"), 3*leastInArena+1)
	first, ok := a.put(body)
	require.True(t, ok)
	second, ok := a.put(body)
	require.True(t, ok)
	assert.Equal(t, first.size+second.size, a.blocks(t))
	a.drop(first)
	assert.Equal(t, second.size, a.blocks(t))
	third, ok := a.put(body)
	require.True(t, ok)
	assert.GreaterOrEqual(t, third.offset, second.offset+second.size, "no place is given out twice")
	got := make([]byte, len(body))
	_, err := a.file.ReadAt(got, third.offset)
	require.NoError(t, err)
	assert.Equal(t, body, got)
	a.drop(second)
	a.release()
	_, err = a.file.ReadAt(got, third.offset)
	require.NoError(t, err, "somebody holds it")
	a.drop(third)
	_, err = a.file.Stat()
	assert.Error(t, err, "nobody holds it")
}

// TestAReplyKeepsItsPlace: what is being sent stays until it was, though the file is forgotten and the cache closed.
func TestAReplyKeepsItsPlace(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), leastInArena)
	files := New([]Mapping{below("/s/", fstest.MapFS{"a.bin": {Data: body}, "b.bin": {Data: body[:leastInArena-1]}})}, 1<<20, 0)
	r, found := files.Find(requestOf("GET", "/s/a.bin"))
	require.True(t, found)
	assert.True(t, r.Resident)
	part, found := files.Find(requestOf("GET", "/s/a.bin", "Range: bytes=5-11"))
	require.True(t, found)
	small, found := files.Find(requestOf("GET", "/s/b.bin"))
	require.True(t, found)
	assert.Nil(t, small.File, "it is copied")
	small.Done()

	a := files.cache.arena
	files.cache.forget("/s/a.bin")
	files.Close()
	for _, reply := range []struct {
		read func() ([]byte, error)
		want []byte
	}{
		{func() ([]byte, error) { var b bytes.Buffer; _, err := r.WriteTo(&b); return b.Bytes(), err }, body},
		{func() ([]byte, error) { var b bytes.Buffer; _, err := part.WriteTo(&b); return b.Bytes(), err }, body[5:12]},
	} {
		got, err := reply.read()
		require.NoError(t, err)
		assert.Equal(t, reply.want, got)
	}
	r.Done()
	assert.Positive(t, a.blocks(t))
	part.Done()
	_, err := a.file.Stat()
	assert.Error(t, err, "nobody holds it")
}
