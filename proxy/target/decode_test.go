package target

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		raw  string
		want string
		err  error
	}{
		"nothing":                     {"", "", nil},
		"no escape":                   {"/a/b.txt", "/a/b.txt", nil},
		"a space":                     {"/a%20b", "/a b", nil},
		"either case of digit":        {"%c3%A4", "\xc3\xa4", nil},
		"every byte is possible":      {"%00%0A%ff", "\x00\n\xff", nil},
		"side by side":                {"%41%42C%44", "ABCD", nil},
		"a slash comes out":           {"a%2fb", "a/b", nil},
		"only once":                   {"%252e%252e", "%2e%2e", nil},
		"a percent sign before digit": {"%2541", "%41", nil},
		"plus is not a space":         {"a+b", "a+b", nil},
		"bytes beyond ASCII stay":     {"\xe4%20", "\xe4 ", nil},
		"ends after percent":          {"/a%", "/a", ErrEscape},
		"ends after one digit":        {"/a%4", "/a", ErrEscape},
		"first is no digit":           {"/a%g0b", "/a", ErrEscape},
		"second is no digit":          {"/a%0gb", "/a", ErrEscape},
		"a sign is no digit":          {"/a%+1", "/a", ErrEscape},
		"percent twice":               {"/a%%41", "/a", ErrEscape},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Decode([]byte("x"), []byte(tt.raw))
			assert.Equal(t, tt.err, err)
			assert.Equal(t, "x"+tt.want, string(got))
		})
	}
}

func TestDecodeInPlace(t *testing.T) {
	raw := []byte("/a%20b/c%2Fd/e")
	got, err := Decode(raw[:0], raw)
	require.NoError(t, err)
	assert.Equal(t, "/a b/c/d/e", string(got))
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	raw := []byte("/static/some%20file%20with%20spaces.txt")
	dst := make([]byte, 0, len(raw))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = Decode(dst, raw) // only the allocations count here
	}))
}

// FuzzDecode compares with the standard library's decoder, which takes the same escapes.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "/a", "%", "%4", "%41", "%zz", "%252F", "%%", "a+b%2Bc", "\x00%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := Decode(nil, []byte(raw))
		want, wantErr := url.PathUnescape(raw)
		if wantErr != nil {
			require.ErrorIs(t, err, ErrEscape)
			require.Less(t, len(got), len(raw))
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		if !strings.Contains(raw, "%") {
			require.Equal(t, raw, string(got))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	raw := []byte("/static/img/a%20photo%20of%20a%20weir.jpg")
	dst := make([]byte, 0, len(raw))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Decode(dst, raw) // only the time counts here
	}
}
