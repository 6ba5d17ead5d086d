package reply

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/conditional"
)

func TestApplicationsFiles(t *testing.T) {
	const (
		tag      = `ETag: "app"`
		date     = "Last-Modified: Sun, 01 Mar 2026 12:00:00 GMT"
		sameDate = "If-Modified-Since: Sun, 01 Mar 2026 12:00:00 GMT"
		part     = "Range: bytes=2-4"
	)
	ofFile := conditional.Validators{ETag: []byte(`"file"`), Modified: 1_000_000_000}
	tests := map[string]struct {
		method   string
		request  []string
		status   int
		response []string
		known    conditional.Validators
		want     int
		body     string
		fields   []string // field lines that the reply has
		without  []string // names that it has not
	}{
		"nothing asked": {
			response: []string{"X-Own: 1", "Content-Type: image/png"}, want: 200, body: text,
			fields:  []string{"X-Own: 1\r\n", "Content-Type: image/png\r\n", "Accept-Ranges: bytes\r\n"},
			without: []string{"ETag", "Last-Modified"},
		},
		"no type given": {response: nil, want: 200, body: text, fields: []string{"Content-Type: by/name\r\n"}},
		"what the connection says": {
			response: []string{"Content-Length: 3", "Connection: close", "Date: x", "Server: y", "transfer-encoding: chunked", "X: z"},
			want:     200, body: text, fields: []string{"X: z\r\n"},
			without: []string{"Content-Length", "Connection", "Date", "Server", "Transfer-Encoding"},
		},
		"a part": {
			request: []string{part}, response: []string{"Set-Cookie: a=b", "Set-Cookie: c=d"}, want: 206, body: "234",
			fields: []string{"Content-Range: bytes 2-4/10\r\n", "Set-Cookie: a=b\r\n", "Set-Cookie: c=d\r\n", "Content-Type: by/name\r\n"},
		},
		"a part of what the application has encoded": {
			request: []string{part}, response: []string{"Content-Encoding: gzip"}, want: 206, body: "234",
			fields: []string{"Content-Encoding: gzip\r\n"},
		},
		"after the end": {
			request: []string{"Range: bytes=10-"}, response: []string{"Set-Cookie: a=b"}, want: 416, body: "",
			fields: []string{"Content-Range: bytes */10\r\n"},
		},
		"its own tag": {
			request: []string{`If-None-Match: "app"`}, response: []string{tag, "Set-Cookie: a=b", "Content-Encoding: br", "Content-Disposition: inline"},
			known: ofFile, want: 304, fields: []string{tag + "\r\n", "Set-Cookie: a=b\r\n"},
			without: []string{"Content-Type", "Content-Encoding", "Content-Disposition", "Accept-Ranges", "Last-Modified"},
		},
		"its own date": {request: []string{sameDate}, response: []string{date}, known: ofFile, want: 304, without: []string{"ETag"}},
		"its own tag is not the file's": {
			request: []string{`If-None-Match: "file"`}, response: []string{tag}, known: ofFile, want: 200, body: text,
		},
		"the file's tag": {
			request: []string{`If-None-Match: "file"`}, known: ofFile, want: 304,
			fields: []string{"ETag: \"file\"\r\n", "Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT\r\n"},
		},
		"a date that is none": {
			request: []string{sameDate}, response: []string{"Last-Modified: now"}, known: ofFile, want: 200, body: text,
			fields: []string{"Last-Modified: now\r\n"}, without: []string{"ETag"},
		},
		"If-Range": {request: []string{part, `If-Range: "app"`}, response: []string{tag}, want: 206, body: "234"},
		"If-Range of another version": {
			request: []string{part, `If-Range: "old"`}, response: []string{tag}, want: 200, body: text,
		},
		"HEAD":           {method: "HEAD", request: []string{part}, want: 200, body: text},
		"HEAD, the same": {method: "HEAD", request: []string{`If-None-Match: "app"`}, response: []string{tag}, want: 304},
		"POST": {
			method: "POST", request: []string{part, `If-None-Match: "app"`, `If-Match: "x"`}, response: []string{tag}, want: 200, body: text,
		},
		"another status": {
			request: []string{part, `If-None-Match: "app"`}, status: 404, response: []string{tag}, want: 404, body: text,
			without: []string{"Accept-Ranges"},
		},
		"a part that the application chose": {
			request: []string{part}, status: 206, response: []string{"Content-Range: bytes 2-4/5"}, want: 206, body: text,
			fields: []string{"Content-Range: bytes 2-4/5\r\n"},
		},
		"an application that gives no parts": {
			request: []string{part}, response: []string{"Accept-Ranges: none"}, want: 200, body: text,
			fields: []string{"Accept-Ranges: none\r\n"},
		},
		"an application that gives parts": {
			request: []string{part}, response: []string{"Accept-Ranges: bytes"}, want: 206, body: "234",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.method == "" {
				tt.method = "GET"
			}
			if tt.status == 0 {
				tt.status = 200
			}
			released := 0
			answer := Application{
				Status: tt.status, Fields: fieldsOf(tt.response...), Type: "by/name", Validators: tt.known,
				File: opened(t, "<<<"+text+">>>"), Offset: 3, Count: int64(len(text)), Release: func() { released++ },
			}
			reply := answer.Reply([]byte(tt.method), fieldsOf(tt.request...))
			assert.Equal(t, tt.want, reply.Status)
			assert.Equal(t, tt.body, bodyOf(t, reply))
			for _, line := range tt.fields {
				assert.Contains(t, string(reply.Fields), line)
			}
			header := headerOf(t, reply)
			for _, name := range tt.without {
				assert.Empty(t, header.Values(name), name)
			}
			assert.LessOrEqual(t, len(header.Values("Accept-Ranges")), 1)
			reply.Done()
			require.Equal(t, 1, released)
		})
	}
}
