package conditional

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	of := func(text string, at time.Time) Validators {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(path, at, at))
		info, err := os.Stat(path)
		require.NoError(t, err)
		return OfFile(info)
	}
	first := of("alpha", modified)
	assert.Equal(t, modified.Unix(), first.Modified)
	assert.True(t, strong(first.ETag, first.ETag))
	tag, rest := cutTag(first.ETag)
	assert.Equal(t, first.ETag, tag)
	assert.Empty(t, rest)
	assert.Equal(t, first, of("beta!", modified), "only what the directory says counts")
	assert.NotEqual(t, first.ETag, of("alphas", modified).ETag, "size")
	assert.NotEqual(t, first.ETag, of("alpha", modified.Add(time.Nanosecond)).ETag, "a nanosecond")

	young, fresh := time.Now().Add(time.Minute), time.Now().Add(-2*time.Second)
	assert.True(t, weak(of("alpha", young).ETag, of("alpha", young).ETag))
	assert.False(t, strong(of("alpha", young).ETag, of("alpha", young).ETag), "it may change again without a sign")
	assert.True(t, strong(of("alpha", fresh).ETag, of("alpha", fresh).ETag))
	assert.LessOrEqual(t, of("alpha", time.Now().Add(time.Hour)).Modified, time.Now().Unix(), "a time to come is now")
	assert.Zero(t, of("alpha", time.Unix(0, 0)))
	assert.Zero(t, of("alpha", time.Unix(1, 0)))
}

func TestOfAnEmbeddedFile(t *testing.T) {
	info, err := fstest.MapFS{"a": {Data: []byte("a")}}.Stat("a")
	require.NoError(t, err)
	assert.Zero(t, OfFile(info))
}
