package main_test

import (
	little "encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/admin/chromiumtest"
)

// writeTone writes a sound of so many seconds: 16000 bytes of silence each.
func writeTone(t *testing.T, path string, seconds uint32) {
	t.Helper()
	const rate, sample = 8000, 2
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	head = little.LittleEndian.AppendUint32(head, rate)
	head = little.LittleEndian.AppendUint32(head, rate*sample)
	head = append(head, sample, 0, 8*sample, 0)
	head = append(head, "data"...)
	head = little.LittleEndian.AppendUint32(head, seconds*rate*sample)
	little.LittleEndian.PutUint32(head[4:], seconds*rate*sample+uint32(len(head))-8)
	require.NoError(t, os.WriteFile(path, head, 0o600))
	require.NoError(t, os.Truncate(path, int64(len(head))+int64(seconds)*rate*sample))
}

// Who moves the slider of a player far ahead hears what is there, and what lies between is not sent.
func TestABrowserSeeks(t *testing.T) {
	browser := chromiumtest.Start(t)
	dir := t.TempDir()
	writeTone(t, filepath.Join(dir, "tone.wav"), 3000)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte(`<audio src="tone.wav" preload="metadata"></audio>`), 0o600))
	s := startForebay(t, "-w", "1", "--static", "/site/="+dir)
	tab := browser.Open(t, chromiumtest.View{Width: 800, Height: 600})
	tab.Navigate(s.URL + "/site/")
	tab.Await(`document.querySelector("audio")?.readyState >= 1`)
	var seen struct {
		Duration, Seekable, At float64
		Buffered               [][2]float64
	}
	tab.Eval(`new Promise((done) => {
		const audio = document.querySelector("audio");
		const ranges = (r) => [...Array(r.length).keys()].map((i) => [r.start(i), r.end(i)]);
		audio.oncanplay = () => { if (audio.currentTime > 0) done({
			duration: audio.duration, seekable: audio.seekable.end(0), at: audio.currentTime, buffered: ranges(audio.buffered),
		}); };
		audio.currentTime = 2500;
	})`, &seen)
	assert.InDelta(t, 3000, seen.Duration, 0.1)
	assert.InDelta(t, 3000, seen.Seekable, 0.1, "as far as ranges are given")
	assert.InDelta(t, 2500, seen.At, 0.1)
	require.NotEmpty(t, seen.Buffered)
	for _, part := range seen.Buffered {
		assert.False(t, part[0] < 1500 && 1500 < part[1], "all of it was sent: %v", seen.Buffered)
	}
	assert.Empty(t, tab.Faults())
	s.Stdout.Await(t, regexp.MustCompile(`"path":"/site/tone\.wav".*"status":206`))
	s.Stop()
}
