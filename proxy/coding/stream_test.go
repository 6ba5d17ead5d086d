package coding

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStream(t *testing.T) {
	text := strings.Repeat("a line of text\n", 10_000)
	for _, c := range Quick {
		for range 2 { // the second time by a stream that was used before
			var packed bytes.Buffer
			s := NewStream(c, &packed)
			for i := 0; i < len(text); i += 1000 {
				_, err := io.WriteString(s, text[i:i+1000])
				require.NoError(t, err)
			}
			require.NoError(t, s.Close())
			Free(c, s)
			assert.Less(t, packed.Len(), len(text)/10)
			assert.Equal(t, text, string(unpack(t, c, &packed)))
		}
	}
}

// What was flushed can be read while nothing else has been written.
func TestFlushSendsWhatWasWritten(t *testing.T) {
	for _, c := range Quick {
		reader, writer := io.Pipe()
		s := NewStream(c, writer)
		go func() { // ends when the test has read both lines
			for _, line := range []string{"first\n", "second\n"} {
				_, _ = io.WriteString(s, line)
				_ = s.Flush()
			}
			_ = s.Close()
			_ = writer.Close()
		}()
		lines := &lineReader{t: t, text: unpacking(t, c, reader)}
		assert.Equal(t, "first\n", lines.next())
		assert.Equal(t, "second\n", lines.next())
	}
}

// lineReader reads no further than to the end of a line.
type lineReader struct {
	t    *testing.T
	text io.Reader
}

func (l *lineReader) next() string {
	var line strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(line.String(), "\n"); {
		_, err := io.ReadFull(l.text, b)
		require.NoError(l.t, err)
		line.Write(b)
	}
	return line.String()
}

var errLeft = errors.New("the client has left")

type leaving struct{}

func (leaving) Write([]byte) (int, error) { return 0, errLeft }

func TestAStreamTellsThatTheClientHasLeft(t *testing.T) {
	for _, c := range Quick {
		s := NewStream(c, leaving{})
		_, err := s.Write([]byte("text"))
		if err == nil {
			err = s.Flush()
		}
		require.ErrorIs(t, err, errLeft)
		Free(c, s)
		var packed bytes.Buffer
		s = NewStream(c, &packed)
		_, err = s.Write([]byte("text"))
		require.NoError(t, err)
		require.NoError(t, s.Close())
		assert.Equal(t, "text", string(unpack(t, c, &packed)), "one that has failed can be used again")
	}
}
