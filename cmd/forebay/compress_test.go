package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/coding"
	"forebay/proxy/sidecar"
)

func TestCompress(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("public", 0o755))
	require.NoError(t, os.WriteFile("public/a.css", []byte(strings.Repeat("p { color: teal }\n", 200)), 0o644))
	require.NoError(t, os.WriteFile("public/b.css", []byte("p {}"), 0o644))
	command := func(args ...string) outcome {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"compress"}, args...), nil, &stdout, &stderr)
		return outcome{code, stdout.String(), stderr.String()}
	}
	got := command("public")
	assert.Equal(t, exitOK, got.code)
	assert.Empty(t, got.stderr)
	assert.Regexp(t, `^2 files in 1 directory, \S+
  br    1 new file  3\.5 KiB → \d+ B  \d %
  zstd  1 new file  3\.5 KiB → \d+ B  \d %
  gzip  1 new file  3\.5 KiB → \d+ B  \d %
left alone: 1 smaller than 1 KiB
$`, got.stdout)
	assert.FileExists(t, "public/a.css.br")
	assert.Contains(t, command("public").stdout, "br    1 file as before")
	assert.Equal(t, outcome{}, command("-q", "public"))

	require.NoError(t, os.Mkdir("public/b.css.gz", 0o755))
	abs, err := filepath.Abs("public/b.css.gz")
	require.NoError(t, err)
	assert.Equal(t, outcome{exitStart, "", "forebay: write " + abs + ": is a directory\n"}, command("--min-size", "0", "--quiet", "public"))
	got = command("none")
	assert.Equal(t, exitStart, got.code)
	assert.Contains(t, got.stderr, "forebay: find none: ")
}

func TestSummaryOfCompress(t *testing.T) {
	s := &sidecar.Summary{Dirs: 2, Files: 7, LeftAlone: [...]int{4, 1, 2}}
	s.Copies[coding.Brotli] = sidecar.Tally{Written: 3, Kept: 2, Before: 5 << 20, After: 1 << 20}
	s.Copies[coding.Gzip] = sidecar.Tally{Removed: 1, Hopeless: 6}
	var text bytes.Buffer
	writeSummary(&text, s, 1000, 1234*time.Millisecond)
	assert.Equal(t, `7 files in 2 directories, 1.23s
  br  3 new files, 2 as before  5 MiB → 1 MiB  20 %
left alone: 4 of types that do not get smaller
left alone: 1 smaller than 1000 B
left alone: 2 that link to a directory, out of the directory or to nothing
not smaller by a tenth: 6 in gzip
removed, as they were not of what is in the file: 1 in gzip
`, text.String())
}
