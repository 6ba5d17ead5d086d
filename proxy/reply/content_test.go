package reply

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/conditional"
	"forebay/python"
)

// fieldsOf makes fields of lines such as "Range: bytes=0-1".
func fieldsOf(lines ...string) []python.Field {
	var fields []python.Field
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, python.Field{Name: []byte(name), Value: []byte(value)})
	}
	return fields
}

// headerOf reads the field lines of a reply.
func headerOf(t testing.TB, reply *Reply) textproto.MIMEHeader {
	t.Helper()
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(string(reply.Fields) + "\r\n"))).ReadMIMEHeader()
	require.NoError(t, err)
	return header
}

// bodyOf writes the body and holds it to the length.
func bodyOf(t testing.TB, reply *Reply) string {
	t.Helper()
	var body bytes.Buffer
	n, err := reply.WriteTo(&body)
	require.NoError(t, err)
	require.Equal(t, reply.Length, n)
	return body.String()
}

const text = "0123456789"

var testHead = NewHead([]byte("ETag: \"v1\"\r\nCache-Control: no-cache\r\n"), []byte("Accept-Ranges: bytes\r\n"), []byte("text/plain"))

// contents are the same ten bytes in memory and inside of a file, with a count of the releases.
func contents(t *testing.T, released *int) map[string]*Content {
	v := conditional.Validators{ETag: []byte(`"v1"`)}
	file := opened(t, "<<<"+text+">>>")
	return map[string]*Content{
		"memory": NewMemory(testHead, v, []byte(text)),
		"file":   NewFile(testHead, v, file, 3, int64(len(text)), func() { *released++ }),
	}
}

func TestContentAnswersOnConditions(t *testing.T) {
	tests := map[string]struct {
		line   string
		status int
		body   string
		fields map[string]string
	}{
		"the whole": {"Accept: */*", 200, text, map[string]string{
			"Etag": `"v1"`, "Cache-Control": "no-cache", "Accept-Ranges": "bytes", "Content-Type": "text/plain",
		}},
		"a part": {"Range: bytes=2-4", 206, "234", map[string]string{
			"Etag": `"v1"`, "Cache-Control": "no-cache", "Accept-Ranges": "bytes", "Content-Type": "text/plain",
			"Content-Range": "bytes 2-4/10",
		}},
		"the last byte": {"Range: bytes=-1", 206, "9", map[string]string{
			"Etag": `"v1"`, "Cache-Control": "no-cache", "Accept-Ranges": "bytes", "Content-Type": "text/plain",
			"Content-Range": "bytes 9-9/10",
		}},
		"not modified":              {`If-None-Match: "v1"`, 304, "", map[string]string{"Etag": `"v1"`, "Cache-Control": "no-cache"}},
		"another version":           {`If-Match: "v2"`, 412, "", nil},
		"beyond the end":            {"Range: bytes=10-", 416, "", map[string]string{"Content-Range": "bytes */10"}},
		"a range that is not valid": {"Range: bytes=3-2", 200, text, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			released := 0
			for kind, content := range contents(t, &released) {
				reply := content.Reply([]byte("GET"), fieldsOf(tt.line))
				assert.Equal(t, tt.status, reply.Status, kind)
				assert.Equal(t, tt.body, bodyOf(t, reply), kind)
				header := headerOf(t, reply)
				for field, want := range tt.fields {
					assert.Equal(t, want, header.Get(field), kind)
				}
				if tt.fields != nil {
					assert.Len(t, header, len(tt.fields), kind)
				}
				reply.Done()
			}
			assert.Equal(t, 1, released)
		})
	}
}

func TestContentInSeveralParts(t *testing.T) {
	released := 0
	for kind, content := range contents(t, &released) {
		t.Run(kind, func(t *testing.T) {
			reply := content.Reply([]byte("GET"), fieldsOf("Range: bytes=7-,0-0,3-4"))
			require.Equal(t, 206, reply.Status)
			header := headerOf(t, reply)
			assert.Equal(t, `"v1"`, header.Get("ETag"))
			assert.Empty(t, header.Get("Content-Range"))
			require.Len(t, header["Content-Type"], 1)
			typ, params, err := mime.ParseMediaType(header.Get("Content-Type"))
			require.NoError(t, err)
			assert.Equal(t, "multipart/byteranges", typ)

			reader := multipart.NewReader(strings.NewReader(bodyOf(t, reply)), params["boundary"])
			for _, want := range []struct{ part, where string }{
				{"789", "bytes 7-9/10"}, {"0", "bytes 0-0/10"}, {"34", "bytes 3-4/10"},
			} {
				part, err := reader.NextPart()
				require.NoError(t, err)
				body, err := io.ReadAll(part)
				require.NoError(t, err)
				assert.Equal(t, want.part, string(body))
				assert.Equal(t, want.where, part.Header.Get("Content-Range"))
				assert.Equal(t, "text/plain", part.Header.Get("Content-Type"))
			}
			_, err = reader.NextPart()
			require.ErrorIs(t, err, io.EOF)
			reply.Done()

			again := content.Reply([]byte("GET"), fieldsOf("Range: bytes=7-,0-0"))
			assert.NotContains(t, headerOf(t, again).Get("Content-Type"), params["boundary"], "a boundary can be known before")
			again.Done()
		})
	}
	assert.Equal(t, 2, released)
}

func TestPartsWithoutAType(t *testing.T) {
	content := NewMemory(NewHead(nil, nil, nil), conditional.Validators{}, []byte(text))
	whole := content.Reply([]byte("GET"), nil)
	assert.Empty(t, whole.Fields)
	reply := content.Reply([]byte("GET"), fieldsOf("Range: bytes=0-1,3-4"))
	_, params, err := mime.ParseMediaType(headerOf(t, reply).Get("Content-Type"))
	require.NoError(t, err)
	part, err := multipart.NewReader(bytes.NewReader(reply.Body), params["boundary"]).NextPart()
	require.NoError(t, err)
	assert.NotContains(t, part.Header, "Content-Type")
}

func TestWholeContentHasNoParts(t *testing.T) {
	released := 0
	for kind, content := range contents(t, &released) {
		content.Whole = true
		for _, line := range []string{"Range: bytes=0-1", "Range: bytes=0-1,3-4", "Range: bytes=99-"} {
			reply := content.Reply([]byte("GET"), fieldsOf(line))
			assert.Equal(t, 200, reply.Status, kind)
			assert.Equal(t, text, bodyOf(t, reply), kind)
			reply.Done()
		}
	}
	assert.Equal(t, 3, released)
}

func TestHeadIsToldTheLengthOfGet(t *testing.T) {
	released := 0
	for kind, content := range contents(t, &released) {
		reply := content.Reply([]byte("HEAD"), fieldsOf("Range: bytes=0-1"))
		assert.Equal(t, 200, reply.Status, kind)
		assert.EqualValues(t, len(text), reply.Length, kind)
		reply.Done()
	}
	assert.Equal(t, 1, released)
}

func TestContentAllocatesForPartsOnly(t *testing.T) {
	released := 0
	method := []byte("GET")
	for kind, content := range contents(t, &released) {
		for _, line := range []string{"Accept: */*", `If-None-Match: "v1"`, `If-Match: "v2"`} {
			fields := fieldsOf(line)
			assert.Zero(t, testing.AllocsPerRun(100, func() { content.Reply(method, fields).Done() }), "%s, %s", kind, line)
		}
	}
}
