package static

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestStateCountsHitsAndMisses(t *testing.T) {
	fsys := fstest.MapFS{"a": &fstest.MapFile{Data: []byte("twelve bytes")}}
	files := New([]Mapping{below("/s/", fsys)}, 100_000, 0)
	t.Cleanup(files.Close)
	assert.Equal(t, State{}, files.State())
	for range 4 {
		assert.Equal(t, 200, ask(t, files, "GET", "/s/a").StatusCode)
	}
	assert.Equal(t, State{Files: 1, Memory: entryCost + 12, Hits: 3, Misses: 1}, files.State())
	delete(fsys, "a")
	files.now = func() time.Time { return time.Now().Add(time.Minute) }
	assert.Equal(t, 404, ask(t, files, "GET", "/s/a").StatusCode)
	assert.Equal(t, 404, ask(t, files, "GET", "/s/none").StatusCode)
	assert.Equal(t, State{Hits: 3, Misses: 1}, files.State(), "no file was opened, and none answered with")
}
