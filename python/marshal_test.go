package python

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// values has one of everything that AppendValue writes and ReadValue returns unchanged.
func values() map[string]any {
	return map[string]any{
		"none": nil, "true": true, "false": false,
		"zero": 0, "negative": -1, "least int": math.MinInt32, "greatest int": math.MaxInt32,
		"no bytes": []byte{}, "bytes": []byte{0, 1, 0xFF},
		"no text": "", "text": "caf\u00e9 \u20ac \U0001f30a",
		"empty tuple": Tuple{}, "tuple": Tuple{nil, Tuple{1}, "a"},
		"empty list": []any{}, "list": []any{true, []any{}, Tuple{}},
		"empty dict": map[string]any{}, "dict": map[string]any{"": nil, "a": map[string]any{"b": []any{1}}},
		"sample": sample(), "depth": nested(maxDepth),
	}
}

// nested is a tuple in a tuple, and so on.
func nested(depth int) any {
	var v any
	for range depth {
		v = Tuple{v}
	}
	return v
}

// wire writes a type code, the number after it, and what follows.
func wire(code byte, n uint32, rest ...byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{code}, n), rest...)
}

func TestValuesComeBack(t *testing.T) {
	for name, v := range values() {
		t.Run(name, func(t *testing.T) {
			got, err := ReadValue(AppendValue(nil, v))
			require.NoError(t, err)
			assert.Equal(t, v, got)
		})
	}
}

func TestStringsAreWrittenAsAList(t *testing.T) {
	got, err := ReadValue(AppendValue(nil, []string{"a", ""}))
	require.NoError(t, err)
	assert.Equal(t, []any{"a", ""}, got)
}

func TestAppendValueKeepsWhatIsThere(t *testing.T) {
	assert.Equal(t, "abcN", string(AppendValue([]byte("abc"), nil)))
}

func TestAppendValuePanicsOnWhatHasNoForm(t *testing.T) {
	for name, v := range map[string]any{"float": 1.5, "int64": int64(1), "too great": math.MaxInt32 + 1, "too small": math.MinInt32 - 1} {
		t.Run(name, func(t *testing.T) {
			assert.Panics(t, func() { AppendValue(nil, v) })
		})
	}
}

// What is read is the reader's own: the buffer is used again for the next frame.
func TestReadValueCopies(t *testing.T) {
	b := AppendValue(nil, Tuple{"text", []byte("bytes"), map[string]any{"key": "value"}})
	got, err := ReadValue(b)
	require.NoError(t, err)
	clear(b)
	assert.Equal(t, Tuple{"text", []byte("bytes"), map[string]any{"key": "value"}}, got)
}

func TestEveryTruncationIsRefused(t *testing.T) {
	for name, v := range values() {
		t.Run(name, func(t *testing.T) {
			whole := AppendValue(nil, v)
			for n := range whole {
				_, err := ReadValue(whole[:n:n])
				require.ErrorIs(t, err, ErrMarshal, "the first %d of %d bytes", n, len(whole))
			}
		})
	}
}

func TestEveryWrongLengthIsRefused(t *testing.T) {
	tests := map[string]struct {
		v      any
		length uint32
	}{
		"bytes": {[]byte("abc"), 3},
		"text":  {"abc", 3},
		"tuple": {Tuple{1, 2, 3}, 3},
		"list":  {[]any{nil, "a"}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := AppendValue(nil, tt.v)
			require.Equal(t, tt.length, binary.LittleEndian.Uint32(b[1:]))
			for _, wrong := range []uint32{
				0, tt.length - 1, tt.length + 1, uint32(len(b)), 1 << 16, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32,
			} {
				binary.LittleEndian.PutUint32(b[1:], wrong)
				_, err := ReadValue(b)
				assert.ErrorIs(t, err, ErrMarshal, "length %d", wrong)
			}
		})
	}
}

func TestReadValueRefuses(t *testing.T) {
	tests := map[string][]byte{
		"nothing":                  {},
		"bytes after the value":    []byte("NN"),
		"the end of a dict alone":  []byte("0"),
		"a dict without an end":    []byte("{"),
		"a key without a value":    append([]byte("{"), appendString(nil, "k")...),
		"a key that is no text":    []byte("{NN0"),
		"a value that is the end":  append(append([]byte("{"), appendString(nil, "k")...), "00"...),
		"version 3: a reference":   wire('r', 0),
		"version 3: a flagged ref": {codeNone | 0x80},
		"version 4: ASCII":         wire('a', 1, 'x'),
		"version 4: short ASCII":   {'z', 1, 'x'},
		"version 4: small tuple":   {')', 1, 'N'},
		"a long":                   wire('l', 0),
		"a float":                  append([]byte{'g'}, make([]byte, 8)...),
		"code":                     {'c'},
		"nested too deep":          AppendValue(nil, nested(maxDepth+1)),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ReadValue(b)
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
}

// Each of the lists announces as many items as there are bytes left. Room is made only for items that come.
func TestAnnouncedItemsTakeNoMemory(t *testing.T) {
	hostile := make([]byte, 0, MaxPayload)
	for range maxDepth {
		hostile = append(hostile, wire(codeList, uint32(MaxPayload-len(hostile)-5))...)
	}
	hostile = hostile[:MaxPayload]

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ReadValue(hostile)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, ErrMarshal)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(MaxPayload))
}

func TestLatin1BothWays(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	tests := map[string][]byte{
		"empty": {}, "ASCII": []byte("abc"), "every byte": every, "high bytes first": []byte("\xff\x80a"),
		"UTF-8 is bytes like others": []byte("caf\u00e9 \u20ac"),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			written := appendText(nil, b)
			assert.True(t, utf8.Valid(written[5:]), "the wire has UTF-8")
			assert.Equal(t, len(b), utf8.RuneCount(written[5:]), "one character for each byte")
			r := &reader{written}
			got, err := r.latin1()
			require.NoError(t, err)
			assert.Equal(t, b, got)
			assert.Empty(t, r.b)
		})
	}
}

func TestAppendTextKeepsWhatIsThere(t *testing.T) {
	b := appendText([]byte("before"), []byte("\xe9"))
	assert.Equal(t, append([]byte("before"), wire(codeText, 2, 0xC3, 0xA9)...), b)
}

func TestLatin1Refuses(t *testing.T) {
	tests := map[string]string{
		"the first character beyond": "\u0100",
		"the euro sign":              "ab\u20ac",
		"a surrogate":                "\xed\xa0\x80",
		"a byte that is not UTF-8":   "ab\xff",
		"half a character":           "\u00e9\xc3",
		"an overlong form":           "\xc1\xbf",
		"the replacement character":  "\ufffd",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := (&reader{appendString(nil, text)}).latin1()
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
}

func TestInternedTextIsText(t *testing.T) {
	got, err := ReadValue(wire(codeInterned, 2, 'a', 'b'))
	require.NoError(t, err)
	assert.Equal(t, "ab", got)
}

func FuzzReadValue(f *testing.F) {
	for _, v := range values() {
		f.Add(AppendValue(nil, v))
	}
	f.Add([]byte(strings.Repeat("[\xff\x00\x00\x00", 20)))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		v, err := ReadValue(b)
		assert.Equal(t, before, b, "the bytes are only read")
		if err != nil {
			require.ErrorIs(t, err, ErrMarshal)
			return
		}
		again, err := ReadValue(AppendValue(nil, v))
		require.NoError(t, err)
		assert.Equal(t, v, again)
	})
}
