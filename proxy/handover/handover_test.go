package handover

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// site is a folder "media" with a few files, and a secret beside it.
func site(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"secret": "secret", "media/a.txt": "alpha", "media/sub/ü 1%.png": "picture", "media/.hidden": "hidden", "inner/a.txt": "inner",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	require.NoError(t, os.Symlink("../secret", filepath.Join(dir, "media", "link")))
	return dir
}

func opened(t testing.TB, dirs []string, internal []config.Internal) *Files {
	t.Helper()
	files, err := Open(dirs, internal)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	return files
}

func fieldsOf(lines ...string) []python.Field {
	var fields []python.Field
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, python.Field{Name: []byte(name), Value: []byte(value)})
	}
	return fields
}

func TestFilesThatApplicationsName(t *testing.T) {
	dir := site(t)
	media := filepath.Join(dir, "media")
	files := opened(t, []string{media + "/", filepath.Join(dir, "inner")}, []config.Internal{
		{Prefix: "/protected/", Dir: media},
		{Prefix: "/protected/inner/", Dir: filepath.Join(dir, "inner")},
	})
	tests := map[string]struct {
		response string
		request  string
		status   int
		body     string
		field    string
	}{
		"X-Sendfile":               {"X-Sendfile: " + media + "/a.txt", "", 200, "alpha", "Content-Type: text/plain; charset=utf-8\r\n"},
		"in another case":          {"x-sendfile: " + media + "/a.txt", "", 200, "alpha", ""},
		"of the second directory":  {"X-Sendfile: " + dir + "/inner/a.txt", "", 200, "inner", ""},
		"a name as it is":          {"X-Sendfile: " + media + "/sub/ü 1%.png", "", 200, "picture", "Content-Type: image/png\r\n"},
		"joined carelessly":        {"X-Sendfile: " + media + "//sub/../a.txt", "", 200, "alpha", ""},
		"a hidden file":            {"X-Sendfile: " + media + "/.hidden", "", 200, "hidden", ""},
		"X-Accel-Redirect":         {"X-Accel-Redirect: /protected/a.txt", "", 200, "alpha", ""},
		"the longest prefix":       {"X-Accel-Redirect: /protected/inner/a.txt", "", 200, "inner", ""},
		"escapes":                  {"X-Accel-Redirect: /protected/sub/%C3%BC%201%25.png", "", 200, "picture", ""},
		"bytes that need escapes":  {"X-Accel-Redirect: /protected/sub/ü 1%25.png", "", 200, "picture", ""},
		"a query":                  {"X-Accel-Redirect: /protected/a.txt?v=1", "", 200, "alpha", ""},
		"a part":                   {"X-Sendfile: " + media + "/a.txt", "Range: bytes=1-2", 206, "lp", "Content-Range: bytes 1-2/5\r\n"},
		"no part":                  {"X-Sendfile: " + media + "/a.txt", "Range: bytes=5-", 416, "", "Content-Range: bytes */5\r\n"},
		"a condition":              {"X-Sendfile: " + media + "/a.txt", "If-Modified-Since: Fri, 31 Dec 9999 00:00:00 GMT", 304, "", "ETag: "},
		"not there":                {"X-Sendfile: " + media + "/none", "", 404, "", ""},
		"a folder":                 {"X-Sendfile: " + media + "/sub", "", 404, "", ""},
		"a link that leads out":    {"X-Sendfile: " + media + "/link", "", 404, "", ""},
		"the directory":            {"X-Sendfile: " + media, "", 500, "", ""},
		"beside the directory":     {"X-Sendfile: " + dir + "/secret", "", 500, "", ""},
		"dots that lead out":       {"X-Sendfile: " + media + "/../secret", "", 500, "", ""},
		"begins like a directory":  {"X-Sendfile: " + media + "-2/a.txt", "", 500, "", ""},
		"a path that is not whole": {"X-Sendfile: a.txt", "", 500, "", ""},
		"a NUL":                    {"X-Sendfile: " + media + "/a.txt\x00", "", 404, "", ""},
		"no such internal path":    {"X-Accel-Redirect: /other/a.txt", "", 500, "", ""},
		"escaped dots":             {"X-Accel-Redirect: /protected/%2e%2e/secret", "", 500, "", ""},
		"decoded only once":        {"X-Accel-Redirect: /protected/%252e%252e/secret", "", 404, "", ""},
		"a bad escape":             {"X-Accel-Redirect: /protected/%zz", "", 500, "", ""},
		"its prefix":               {"X-Accel-Redirect: /protected/", "", 500, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			response := fieldsOf(tt.response, "Set-Cookie: a=b", "Content-Length: 0", "X-Accel-Buffering: no")
			request := fieldsOf(tt.request)
			got, found := files.Reply([]byte("GET"), request, 200, response, &leads{})
			require.True(t, found)
			t.Cleanup(got.Done)
			assert.Equal(t, tt.status, got.Status)
			assert.Equal(t, tt.status >= 400 && tt.status != 416, got.Err != nil)
			var body bytes.Buffer
			_, err := got.WriteTo(&body)
			require.NoError(t, err)
			assert.Equal(t, tt.body, body.String())
			assert.EqualValues(t, len(tt.body), got.Length)
			assert.Contains(t, string(got.Fields), tt.field)
			if tt.status < 400 {
				assert.Contains(t, string(got.Fields), "Set-Cookie: a=b\r\n")
			}
			for _, told := range []string{dir, "protected", "X-Accel", "X-Sendfile", "Content-Length"} {
				assert.NotContains(t, string(got.Fields), told)
			}
		})
	}
}

// leads notes whether it was left.
type leads struct{ left bool }

func (l *leads) Leave() { l.left = true }

func TestWhatTheApplicationSaysStays(t *testing.T) {
	media := filepath.Join(site(t), "media")
	files := opened(t, []string{media}, nil)
	got, found := files.Reply([]byte("GET"), fieldsOf(`If-None-Match: "own"`), 200,
		fieldsOf("X-Sendfile: "+media+"/a.txt", "Content-Type: text/x-own", `ETag: "own"`, "Content-Disposition: attachment"), &leads{})
	require.True(t, found)
	assert.Equal(t, 304, got.Status)
	got, found = files.Reply([]byte("GET"), nil, 403,
		fieldsOf("X-Sendfile: "+media+"/a.txt", "Content-Type: text/x-own", "Content-Disposition: attachment"), &leads{})
	require.True(t, found)
	t.Cleanup(got.Done)
	assert.Equal(t, 403, got.Status)
	assert.Contains(t, string(got.Fields), "Content-Type: text/x-own\r\n")
	assert.Contains(t, string(got.Fields), "Content-Disposition: attachment\r\n")
}

func TestAFileThatIsWrittenToIsNotIntact(t *testing.T) {
	media := filepath.Join(site(t), "media")
	files := opened(t, []string{media}, nil)
	path := filepath.Join(media, "a.txt")
	got, found := files.Reply([]byte("GET"), nil, 200, fieldsOf("X-Sendfile: "+path), &leads{})
	require.True(t, found)
	t.Cleanup(got.Done)
	assert.True(t, got.Intact())
	require.NoError(t, os.Rename(path, path+".old"))
	assert.True(t, got.Intact(), "it is the same under another name")
	require.NoError(t, os.WriteFile(path+".old", []byte("longer than before"), 0o600))
	assert.False(t, got.Intact())
}

func TestResponsesThatNameNoFile(t *testing.T) {
	media := filepath.Join(site(t), "media")
	sendfile := opened(t, []string{media}, nil)
	accel := opened(t, nil, []config.Internal{{Prefix: "/p/", Dir: media}})
	both := "X-Sendfile: " + media + "/a.txt"
	tests := map[string]struct {
		files    *Files
		status   int
		response []string
		found    bool
	}{
		"no such field":                 {sendfile, 200, []string{"X-Send: /x", "X-Accel-Buffering: no"}, false},
		"an empty field":                {sendfile, 200, []string{"X-Sendfile: "}, false},
		"no body allowed":               {sendfile, 204, []string{both}, false},
		"not modified":                  {sendfile, 304, []string{both}, false},
		"X-Sendfile is off":             {accel, 200, []string{both}, false},
		"X-Accel-Redirect is off":       {sendfile, 200, []string{"X-Accel-Redirect: /p/a.txt"}, false},
		"one is off and the other on":   {accel, 200, []string{both, "X-Accel-Redirect: /p/a.txt"}, true},
		"nothing is on":                 {&Files{}, 200, []string{both, "X-Accel-Redirect: /p/a.txt"}, false},
		"an empty one before the other": {sendfile, 200, []string{"X-Sendfile: ", both}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			leader := &leads{}
			got, found := tt.files.Reply([]byte("GET"), nil, tt.status, fieldsOf(tt.response...), leader)
			assert.Equal(t, tt.found, found)
			assert.Equal(t, tt.found, leader.left, "before a disk may have to be waited for, and not else")
			if found {
				got.Done()
			}
		})
	}
}

func TestOpenNamesTheSettingAtFault(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	_, err := Open([]string{none}, nil)
	require.ErrorContains(t, err, "x_sendfile")
	_, err = Open([]string{t.TempDir()}, []config.Internal{{Prefix: "/p/", Dir: none}})
	require.ErrorContains(t, err, "x_accel_redirect /p/")
}

func FuzzNamesStayInside(f *testing.F) {
	dir := site(f)
	media := filepath.Join(dir, "media")
	files := opened(f, []string{media}, []config.Internal{{Prefix: "/p/", Dir: media}})
	for _, seed := range []string{"/a.txt", "/../secret", "/link", "/sub/../../secret", "/%2e%2e/secret", "/a.txt\x00", "/.hidden"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, line := range []string{"X-Sendfile: " + media + name, "X-Accel-Redirect: /p" + name} {
			got, found := files.Reply([]byte("GET"), nil, 200, fieldsOf(line), &leads{})
			require.True(t, found)
			var body bytes.Buffer
			_, err := got.WriteTo(&body)
			require.NoError(t, err)
			require.Contains(t, []string{"", "alpha", "picture", "hidden"}, body.String())
			got.Done()
		}
	})
}
