package compress

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/coding"
	"forebay/python"
)

func fieldsOf(lines ...string) []python.Field {
	var fields []python.Field
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, python.Field{Name: []byte(name), Value: []byte(value)})
	}
	return fields
}

func linesOf(fields []python.Field) []string {
	var lines []string
	for _, f := range fields {
		lines = append(lines, string(f.Name)+": "+string(f.Value))
	}
	return lines
}

func configured(change ...func(*config.Proxy)) *Compressor {
	cfg := config.Default().Proxy
	cfg.Compress = true
	for _, c := range change {
		c(&cfg)
	}
	return New(cfg)
}

func TestChoose(t *testing.T) {
	const html, gzip = "Content-Type: text/html; charset=utf-8", "Accept-Encoding: gzip, deflate, br"
	only := func(types ...string) func(*config.Proxy) { return func(c *config.Proxy) { c.CompressTypes = types } }
	tests := map[string]struct {
		change   func(*config.Proxy)
		request  []string
		status   int
		response []string
		length   int64
		want     coding.Coding
		varies   bool
	}{
		"a page":                        {nil, []string{gzip}, 200, []string{html}, 5000, coding.Gzip, true},
		"of a length that is not known": {nil, []string{gzip}, 200, []string{html}, -1, coding.Gzip, true},
		"zstd":                          {nil, []string{"Accept-Encoding: zstd"}, 200, []string{html}, 5000, coding.Zstd, true},
		"brotli is for files":           {nil, []string{"Accept-Encoding: br"}, 200, []string{html}, 5000, coding.Identity, true},
		"a client that takes nothing":   {nil, nil, 200, []string{html}, 5000, coding.Identity, true},
		"an error":                      {nil, []string{gzip}, 500, []string{html}, 5000, coding.Gzip, true},
		"too small":                     {nil, []string{gzip}, 200, []string{html}, 1023, coding.Identity, false},
		"just large enough":             {nil, []string{gzip}, 200, []string{html}, 1024, coding.Gzip, true},
		"JSON":                          {nil, []string{gzip}, 200, []string{"content-type: Application/JSON"}, 5000, coding.Gzip, true},
		"a picture":                     {nil, []string{gzip}, 200, []string{"Content-Type: image/png"}, 5000, coding.Identity, false},
		"no type":                       {nil, []string{gzip}, 200, nil, 5000, coding.Identity, false},
		"an event stream":               {nil, []string{gzip}, 200, []string{"Content-Type: text/event-stream"}, -1, coding.Identity, false},
		"an event stream by its name":   {only("text/event-stream"), []string{gzip}, 200, []string{"Content-Type: text/event-stream"}, -1, coding.Gzip, true},
		"a type by its name":            {only("Image/PNG"), []string{gzip}, 200, []string{"Content-Type: image/png"}, 5000, coding.Gzip, true},
		"a type that is not named":      {only("text/css"), []string{gzip}, 200, []string{html}, 5000, coding.Identity, false},
		"coded already":                 {nil, []string{gzip}, 200, []string{html, "Content-Encoding: br"}, 5000, coding.Identity, false},
		"coded as it is":                {nil, []string{gzip}, 200, []string{html, "Content-Encoding: identity"}, 5000, coding.Gzip, true},
		"not to be changed":             {nil, []string{gzip}, 200, []string{html, "Cache-Control: private, No-Transform"}, 5000, coding.Identity, false},
		"not to be changed, by request": {nil, []string{gzip, "Cache-Control: no-transform"}, 200, []string{html}, 5000, coding.Identity, false},
		"something like it":             {nil, []string{gzip}, 200, []string{html, "Cache-Control: no-transformers"}, 5000, coding.Gzip, true},
		"a part":                        {nil, []string{gzip}, 206, []string{html, "Content-Range: bytes 0-4999/9000"}, 5000, coding.Identity, false},
		"a part without a status":       {nil, []string{gzip}, 200, []string{html, "Content-Range: bytes 0-4999/9000"}, 5000, coding.Identity, false},
		"a digest":                      {nil, []string{gzip}, 200, []string{html, "Repr-Digest: sha-256=:x:"}, 5000, coding.Identity, false},
		"no content":                    {nil, []string{gzip}, 204, []string{html}, -1, coding.Identity, false},
		"not modified":                  {nil, []string{gzip}, 304, []string{html}, -1, coding.Identity, false},
		"off":                           {func(c *config.Proxy) { c.Compress = false }, []string{gzip}, 200, []string{html}, 5000, coding.Identity, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.change == nil {
				tt.change = func(*config.Proxy) {}
			}
			chosen, varies := configured(tt.change).Choose(fieldsOf(tt.request...), &Answer{tt.status, fieldsOf(tt.response...), tt.length})
			assert.Equal(t, tt.want, chosen)
			assert.Equal(t, tt.varies, varies)
		})
	}
}

func TestFields(t *testing.T) {
	given := fieldsOf("Content-Type: text/html", "Content-Length: 5000", `ETag: "v1"`, "Accept-Ranges: bytes", "Set-Cookie: a=b", "Set-Cookie: c=d")
	before := linesOf(given)
	assert.Equal(t, []string{
		"Content-Type: text/html", `ETag: W/"v1"`, "Set-Cookie: a=b", "Set-Cookie: c=d", "Content-Encoding: gzip", "Vary: Accept-Encoding",
	}, linesOf(Fields(given, coding.Gzip)))
	assert.Equal(t, before, linesOf(given), "they are the caller's")
	assert.Equal(t, append(before, "Vary: Accept-Encoding"), linesOf(Fields(given, coding.Identity)))

	for lines, want := range map[string][]string{
		`ETag: W/"v1"`:                 {`ETag: W/"v1"`, "Content-Encoding: gzip", "Vary: Accept-Encoding"},
		"ETag: v1":                     {"ETag: v1", "Content-Encoding: gzip", "Vary: Accept-Encoding"},
		"Vary: Cookie":                 {"Vary: Cookie", "Content-Encoding: gzip", "Vary: Accept-Encoding"},
		"Vary: Cookie,accept-encoding": {"Vary: Cookie,accept-encoding", "Content-Encoding: gzip"},
		"Vary: *":                      {"Vary: *", "Content-Encoding: gzip"},
		"Content-Encoding: identity":   {"Content-Encoding: gzip", "Vary: Accept-Encoding"},
	} {
		assert.Equal(t, want, linesOf(Fields(fieldsOf(lines), coding.Gzip)), lines)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	c := configured(func(c *config.Proxy) { c.CompressStreams = 2 })
	first, second := c.Open(coding.Gzip, io.Discard), c.Open(coding.Zstd, io.Discard)
	require.NotNil(t, first)
	require.NotNil(t, second)
	assert.Nil(t, c.Open(coding.Gzip, io.Discard))
	first.Free()
	var packed bytes.Buffer
	third := c.Open(coding.Gzip, &packed)
	require.NotNil(t, third)
	_, err := io.WriteString(third, "text")
	require.NoError(t, err)
	require.NoError(t, third.Close())
	second.Free()
	third.Free()
	assert.Empty(t, c.free)

	reader, err := gzip.NewReader(&packed)
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, "text", string(text))
}
