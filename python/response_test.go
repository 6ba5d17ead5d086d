package python

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python/spool"
)

// openFile returns a file that is open for reading.
func openFile(t *testing.T) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() }) // most tests have given it away, and it is closed
	return f
}

// statusLine puts the status together again as the application gave it, but for a reason that is missing.
func statusLine(resp *Response) string {
	return fmt.Sprintf("%03d %s", resp.Status, appendLatin1(nil, resp.Reason))
}

func parse(kind Kind, v any) (*Response, error) { return ParseResponse(kind, AppendValue(nil, v), nil) }

func TestResponse(t *testing.T) {
	resp, err := parse(KindResponse, Tuple{"200 OK", []any{Tuple{"Content-Type", "text/plain"}, Tuple{"X-N", ""}}, []byte("hello")})
	require.NoError(t, err)
	defer resp.Close()
	assert.Equal(t, 200, resp.Status)
	assert.Equal(t, "OK", string(resp.Reason))
	assert.Equal(t, lines("Content-Type: text/plain", "X-N: "), resp.Fields)
	assert.Equal(t, "hello", string(resp.Body))
	assert.Nil(t, resp.Stream)
	assert.Nil(t, resp.File)
}

func TestStatusForms(t *testing.T) {
	tests := map[string]struct {
		line   string
		status int
		reason string
	}{
		"status and reason":      {"404 Not Found", 404, "Not Found"},
		"no reason":              {"204", 204, ""},
		"no reason, but a space": {"200 ", 200, ""},
		"two spaces":             {"200  OK", 200, " OK"},
		"latin-1":                {"200 caf\u00e9", 200, "caf\xe9"},
		"not of HTTP":            {"099 Low", 99, "Low"}, // proxy refuses it
		"greatest":               {"999 High", 999, "High"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, err := parse(KindHead, Tuple{tt.line, []any{}})
			require.NoError(t, err)
			defer resp.Close()
			assert.Equal(t, tt.status, resp.Status)
			assert.Equal(t, tt.reason, string(resp.Reason))
		})
	}
}

func TestStatusesThatAreNone(t *testing.T) {
	for _, line := range []string{"", " ", "OK", "20", "20 OK", "2000", "2000 OK", "200OK", "200\tOK", "-20 OK", "+20", " 200", "2 0 OK", "\u0662\u0660\u0660 OK"} {
		_, err := parse(KindHead, Tuple{line, []any{}})
		assert.ErrorIs(t, err, ErrMarshal, "%q", line)
	}
}

func TestFieldForms(t *testing.T) {
	tests := map[string]struct {
		fields any
		want   []Field
	}{
		"none":                      {[]any{}, nil},
		"a tuple of them":           {Tuple{Tuple{"A", "1"}}, lines("A: 1")},
		"repeated, in order":        {[]any{Tuple{"Set-Cookie", "b"}, Tuple{"X", "y"}, Tuple{"Set-Cookie", "a"}}, lines("Set-Cookie: b", "X: y", "Set-Cookie: a")},
		"latin-1":                   {[]any{Tuple{"A\u00e9", "\u00ff\u0080"}}, lines("A\xe9: \xff\x80")},
		"what proxy has to refuse":  {[]any{Tuple{"", "a\r\nb\x00"}}, lines(": a\r\nb\x00")},
		"UTF-8 sent as PEP 3333 is": {[]any{Tuple{"A", "\u00c3\u00a9"}}, lines("A: \xc3\xa9")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, err := parse(KindHead, Tuple{"200 OK", tt.fields})
			require.NoError(t, err)
			defer resp.Close()
			assert.ElementsMatch(t, tt.want, resp.Fields)
			for i, f := range tt.want {
				assert.Equal(t, f, resp.Fields[i])
			}
		})
	}
}

func TestResponsesThatAreNone(t *testing.T) {
	none := []any{}
	tests := map[string]struct {
		kind Kind
		v    any
	}{
		"no tuple":                   {KindResponse, []any{"200 OK", none, []byte{}}},
		"RESPONSE without a body":    {KindResponse, Tuple{"200 OK", none}},
		"HEAD with a body":           {KindHead, Tuple{"200 OK", none, []byte{}}},
		"HEAD of a file":             {KindHead, Tuple{"200 OK", none, "0", "1"}},
		"empty tuple":                {KindHead, Tuple{}},
		"status of bytes":            {KindHead, Tuple{[]byte("200 OK"), none}},
		"status of a number":         {KindHead, Tuple{200, none}},
		"status beyond latin-1":      {KindHead, Tuple{"200 \u20ac", none}},
		"fields are none":            {KindHead, Tuple{"200 OK", nil}},
		"fields are a dict":          {KindHead, Tuple{"200 OK", map[string]any{"A": "1"}}},
		"fields are a text":          {KindHead, Tuple{"200 OK", "A: 1"}},
		"a field is a list":          {KindHead, Tuple{"200 OK", []any{[]any{"A", "1"}}}},
		"a field of one":             {KindHead, Tuple{"200 OK", []any{Tuple{"A"}}}},
		"a field of three":           {KindHead, Tuple{"200 OK", []any{Tuple{"A", "1", "2"}}}},
		"a field's name is bytes":    {KindHead, Tuple{"200 OK", []any{Tuple{[]byte("A"), "1"}}}},
		"a field's value is none":    {KindHead, Tuple{"200 OK", []any{Tuple{"A", nil}}}},
		"a field's value is no text": {KindHead, Tuple{"200 OK", []any{Tuple{"A", 1}}}},
		"a name beyond latin-1":      {KindHead, Tuple{"200 OK", []any{Tuple{"\u20ac", "1"}}}},
		"a value beyond latin-1":     {KindHead, Tuple{"200 OK", []any{Tuple{"A", "1"}, Tuple{"A", "\u20ac"}}}},
		"body is none":               {KindResponse, Tuple{"200 OK", none, nil}},
		"body is a text":             {KindResponse, Tuple{"200 OK", none, "body"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(tt.kind, tt.v)
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
}

func TestResponseThatIsCutOrTooLong(t *testing.T) {
	whole := AppendValue(nil, Tuple{"200 OK", []any{Tuple{"A", "caf\u00e9"}}, []byte("body")})
	for n := range whole {
		_, err := ParseResponse(KindResponse, append([]byte{}, whole[:n]...), nil)
		assert.ErrorIs(t, err, ErrMarshal, "the first %d bytes", n)
	}
	_, err := ParseResponse(KindResponse, append(whole, 'N'), nil)
	assert.ErrorIs(t, err, ErrMarshal)
}

func TestFileHead(t *testing.T) {
	file := openFile(t)
	resp, err := ParseFileHead(AppendValue(nil, Tuple{"206 Partial Content", []any{Tuple{"A", "1"}}, "5000000000", "0"}), nil, file)
	require.NoError(t, err)
	assert.Equal(t, 206, resp.Status)
	assert.Equal(t, lines("A: 1"), resp.Fields)
	assert.Equal(t, &FilePart{File: file, Offset: 5_000_000_000, Count: 0}, resp.File)
	assert.Empty(t, resp.Body)
	assert.Nil(t, resp.Stream)

	resp.Close()
	assert.ErrorIs(t, file.Close(), os.ErrClosed, "the response owned it")
}

func TestFileHeadsThatAreNone(t *testing.T) {
	none := []any{}
	tests := map[string]any{
		"no file in it":          Tuple{"200 OK", none},
		"no count":               Tuple{"200 OK", none, "0"},
		"one too many":           Tuple{"200 OK", none, "0", "1", "2"},
		"bad status":             Tuple{"OK", none, "0", "1"},
		"bad fields":             Tuple{"200 OK", nil, "0", "1"},
		"offset is a number":     Tuple{"200 OK", none, 0, "1"},
		"offset is negative":     Tuple{"200 OK", none, "-1", "1"},
		"offset is hexadecimal":  Tuple{"200 OK", none, "0x1", "1"},
		"offset over 63 bits":    Tuple{"200 OK", none, "9223372036854775808", "1"},
		"offset is empty":        Tuple{"200 OK", none, "", "1"},
		"offset is in no ASCII":  Tuple{"200 OK", none, "\u0661", "1"},
		"count is negative":      Tuple{"200 OK", none, "0", "-1"},
		"count is none":          Tuple{"200 OK", none, "0", nil},
		"count has a white side": Tuple{"200 OK", none, "0", " 1"},
	}
	for name, v := range tests {
		t.Run(name, func(t *testing.T) {
			file := openFile(t)
			_, err := ParseFileHead(AppendValue(nil, v), nil, file)
			assert.ErrorIs(t, err, ErrMarshal)
			assert.NoError(t, file.Close(), "the caller keeps the file")
		})
	}
}

func TestFileHeadWithBytesAfterIt(t *testing.T) {
	file := openFile(t)
	_, err := ParseFileHead(append(AppendValue(nil, Tuple{"200 OK", []any{}, "0", "1"}), 'N'), nil, file)
	assert.ErrorIs(t, err, ErrMarshal)
	assert.NoError(t, file.Close(), "the caller keeps the file")
}

func TestCloseClosesTheStream(t *testing.T) {
	resp, err := parse(KindHead, Tuple{"200 OK", []any{}})
	require.NoError(t, err)
	stream := spool.New(spool.Limits{Memory: 1})
	resp.Stream = stream
	resp.Close()
	_, err = stream.Write([]byte("x"))
	assert.ErrorIs(t, err, spool.ErrReaderGone)
}

func TestClosedResponseLeavesNothingToTheNext(t *testing.T) {
	resp, err := parse(KindResponse, Tuple{"500 Old", []any{Tuple{"Old", "1"}}, []byte("old")})
	require.NoError(t, err)
	resp.Stream = spool.New(spool.Limits{Memory: 1})
	resp.Close()
	for range 100 { // the pool may give a new one
		next, err := parse(KindHead, Tuple{"200", []any{}})
		require.NoError(t, err)
		assert.Equal(t, 200, next.Status)
		assert.Empty(t, next.Reason)
		assert.Empty(t, next.Fields)
		assert.Empty(t, next.Body)
		assert.Nil(t, next.Stream)
		assert.Nil(t, next.File)
		next.Close()
	}
}

// isPooled reports whether a buffer comes out of the pool again. The race detector has the pool drop some.
func isPooled(b []byte) bool {
	var taken [][]byte
	defer func() {
		for _, other := range taken {
			FreePayload(other)
		}
	}()
	for range 8 {
		next := NewPayload()
		if unsafe.SliceData(next) == unsafe.SliceData(b) {
			return true
		}
		taken = append(taken, next)
	}
	return false
}

func TestCloseFreesTheBuffer(t *testing.T) {
	head := Tuple{"200 OK", []any{}}
	tests := map[string]func(buffer []byte) (*Response, error){
		"response": func(buffer []byte) (*Response, error) {
			payload := append(buffer[HeadSize:HeadSize], AppendValue(nil, append(head, []byte("x")))...)
			return ParseResponse(KindResponse, payload, buffer)
		},
		"head": func(buffer []byte) (*Response, error) {
			return ParseResponse(KindHead, append(buffer[:0], AppendValue(nil, head)...), buffer)
		},
		"file head": func(buffer []byte) (*Response, error) {
			payload := append(buffer[:0], AppendValue(nil, append(head, "0", "1"))...)
			return ParseFileHead(payload, buffer, openNull(t))
		},
	}
	for name, parse := range tests {
		t.Run(name, func(t *testing.T) {
			seen := 0
			for range 100 {
				buffer := NewPayload()
				resp, err := parse(buffer)
				require.NoError(t, err)
				resp.Close()
				if isPooled(buffer) {
					seen++
				}
			}
			assert.Positive(t, seen)
		})
	}
}

func TestErrorsLeaveTheBufferToTheCaller(t *testing.T) {
	tests := map[string]func(buffer []byte) error{
		"response": func(buffer []byte) error {
			payload := append(buffer[:0], AppendValue(nil, Tuple{"200 OK", []any{Tuple{"A", "1"}}, nil})...)
			_, err := ParseResponse(KindResponse, payload, buffer)
			return err
		},
		"file head": func(buffer []byte) error {
			payload := append(buffer[:0], AppendValue(nil, Tuple{"200 OK", []any{}, "0", nil})...)
			_, err := ParseFileHead(payload, buffer, nil)
			return err
		},
	}
	for name, fail := range tests {
		t.Run(name, func(t *testing.T) {
			for range 100 {
				buffer := NewPayload()
				require.ErrorIs(t, fail(buffer), ErrMarshal)
				require.False(t, isPooled(buffer))
				FreePayload(buffer)
			}
		})
	}
}

func TestFreePayloadKeepsOnlyBuffersOfItsSize(t *testing.T) {
	grown := make([]byte, 2*payloadSize)
	for range 100 {
		FreePayload(grown)
		FreePayload(grown[:payloadSize:payloadSize][:10:10])
		FreePayload(nil)
		b := NewPayload()
		require.Len(t, b, payloadSize)
		require.NotSame(t, unsafe.SliceData(grown), unsafe.SliceData(b))
	}
}

func TestParseText(t *testing.T) {
	text, err := ParseText(AppendValue(nil, Tuple{"Traceback \u20ac\n"}))
	require.NoError(t, err)
	assert.Equal(t, "Traceback \u20ac\n", text)
	for name, b := range map[string][]byte{
		"nothing":    nil,
		"text alone": AppendValue(nil, "text"),
		"list":       AppendValue(nil, []any{"text"}),
		"empty":      AppendValue(nil, Tuple{}),
		"two":        AppendValue(nil, Tuple{"a", "b"}),
		"bytes":      AppendValue(nil, Tuple{[]byte("a")}),
		"cut":        AppendValue(nil, Tuple{"text"})[:8],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseText(b)
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add(AppendValue(nil, Tuple{"200 OK", []any{Tuple{"A", "caf\u00e9"}}, []byte("body")}))
	f.Add(AppendValue(nil, Tuple{"200 OK", Tuple{}}))
	f.Add(AppendValue(nil, Tuple{"\u20ac", []any{Tuple{"A", 1}}, nil}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, kind := range []Kind{KindResponse, KindHead} {
			resp, err := ParseResponse(kind, append([]byte{}, payload...), nil)
			if err != nil {
				require.ErrorIs(t, err, ErrMarshal)
				continue
			}
			assert.True(t, 0 <= resp.Status && resp.Status <= 999)
			again, err := parse(kind, responseValue(kind, resp))
			require.NoError(t, err)
			assert.Equal(t, responseValue(kind, resp), responseValue(kind, again))
			resp.Close()
			again.Close()
		}
	})
}

func responseValue(kind Kind, resp *Response) Tuple {
	if kind == KindResponse {
		return append(headOf(resp), resp.Body)
	}
	return headOf(resp)
}

func FuzzParseFileHead(f *testing.F) {
	f.Add(AppendValue(nil, Tuple{"200 OK", []any{Tuple{"A", "1"}}, "5000000000", "123"}))
	f.Add(AppendValue(nil, Tuple{"200", []any{}, "-1", "x"}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		resp, err := ParseFileHead(payload, nil, nil)
		if err != nil {
			require.ErrorIs(t, err, ErrMarshal)
			return
		}
		assert.GreaterOrEqual(t, resp.File.Offset, int64(0))
		assert.GreaterOrEqual(t, resp.File.Count, int64(0))
	})
}

func BenchmarkParseResponse(b *testing.B) {
	payload := AppendValue(nil, Tuple{
		"200 OK", []any{
			Tuple{"Content-Type", "text/html; charset=utf-8"}, Tuple{"Content-Length", "1024"},
			Tuple{"Set-Cookie", "session=0123456789abcdef; Path=/; HttpOnly"}, Tuple{"Cache-Control", "no-store"},
		}, []byte(strings.Repeat("x", 1024)),
	})
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		buffer := NewPayload()
		n := copy(buffer, payload)
		resp, err := ParseResponse(KindResponse, buffer[:n], buffer)
		if err != nil {
			b.Fatal(err)
		}
		resp.Close()
	}
}
