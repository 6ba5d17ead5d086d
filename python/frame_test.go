package python

import (
	"encoding/binary"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func frameHead(length uint32, kind Kind, flags Flags) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, length), byte(kind), byte(flags))
}

func TestParseHead(t *testing.T) {
	tests := map[string]struct {
		head []byte
		want FrameHead
	}{
		"empty":                   {frameHead(0, KindEnd, FlagFree), FrameHead{0, KindEnd, FlagFree}},
		"longest payload":         {frameHead(MaxPayload, KindResponse, 0), FrameHead{MaxPayload, KindResponse, 0}},
		"a chunk may be longer":   {frameHead(1<<32-1, KindChunk, 0), FrameHead{1<<32 - 1, KindChunk, 0}},
		"bytes after it":          {append(frameHead(1, KindHead, FlagFile), 'x'), FrameHead{1, KindHead, FlagFile}},
		"unknown kind and flags":  {frameHead(2, 200, 0xFF), FrameHead{2, 200, 0xFF}},
		"length is little-endian": {[]byte{1, 2, 0, 0, 21, 0}, FrameHead{513, KindError, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseHead(tt.head)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestParseHeadRefusesAPayloadThatIsTooLong(t *testing.T) {
	for kind, name := range kindNames {
		if kind == KindChunk {
			continue
		}
		_, err := ParseHead(frameHead(MaxPayload+1, kind, 0))
		assert.ErrorContains(t, err, name)
	}
}

func TestAppendFrame(t *testing.T) {
	b := AppendFrame([]byte("before"), KindChunk, 0, []byte("data"))
	assert.Equal(t, "before\x04\x00\x00\x00\x12\x00data", string(b))
}

func TestFrameIsBuiltInPlace(t *testing.T) {
	b := beginFrame([]byte("before"), KindAbort, FlagFree)
	b = append(b, "data"...)
	endFrame(b, len("before"))
	assert.Equal(t, AppendFrame([]byte("before"), KindAbort, FlagFree, []byte("data")), b)
}

func TestFree(t *testing.T) {
	assert.True(t, Frame{Flags: FlagFree}.Free())
	assert.True(t, Frame{Flags: FlagFree | FlagFile}.Free())
	assert.False(t, Frame{Flags: FlagFile}.Free())
}

func TestKindString(t *testing.T) {
	assert.Equal(t, "RESPONSE", KindResponse.String())
	assert.Equal(t, "kind 99", Kind(99).String())
}

// The package comment is what the Python half was written from.
func TestKindsAreThoseOfThePackageComment(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	said := map[Kind]string{}
	for _, m := range regexp.MustCompile(`([A-Z]{3,}) +\(?(\d{1,2})\b`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.ParseUint(m[2], 10, 8)
		require.NoError(t, err)
		said[Kind(n)] = m[1]
	}
	assert.Equal(t, kindNames, said)
}

func FuzzParseHead(f *testing.F) {
	f.Add(frameHead(0, KindEnd, FlagFree))
	f.Add(frameHead(MaxPayload+1, KindReady, 0))
	f.Add(frameHead(1<<32-1, KindChunk, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(b, make([]byte, HeadSize)...) // the caller has read as many
		h, err := ParseHead(b)
		if err != nil {
			assert.Greater(t, h.Length, MaxPayload)
			return
		}
		assert.Equal(t, b[:HeadSize], frameHead(uint32(h.Length), h.Kind, h.Flags))
		assert.True(t, h.Kind == KindChunk || h.Length <= MaxPayload)
	})
}
