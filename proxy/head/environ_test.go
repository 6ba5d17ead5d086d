package head

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"forebay/proxy/target"
	"forebay/python"
)

// environOf is what an application is called with for a head, as the front puts it together.
func environOf(t *testing.T, h *Head, path []byte) map[string]any {
	t.Helper()
	m := python.Meta{
		Method: h.Method, Target: h.Target, Path: path, Query: h.Query, Protocol: h.Protocol,
		Scheme: "http", ServerName: []byte("192.0.2.1"), ServerPort: []byte("8000"),
		RemoteAddr: []byte("192.0.2.7"), RemotePort: []byte("53124"), RequestID: []byte("0f3a"),
		HasLength: h.HasBody(), Fields: h.Fields,
	}
	if h.Absolute {
		m.Host = h.Host
	}
	r := python.NewRequest(&m, python.Body{}, nil)
	defer r.Release()
	value, err := python.ReadValue(bytes.Clone(r.Frame()[python.HeadSize:]))
	require.NoError(t, err)
	pair, ok := value.(python.Tuple)
	require.True(t, ok && len(pair) == 2, "%v", value)
	environ, ok := pair[0].(map[string]any)
	require.True(t, ok, "%v", pair[0])
	return environ
}

// given are the keys that say what the connection is, and what the front has checked. No client writes them.
var given = map[string]string{
	"wsgi.url_scheme": "http", "SERVER_NAME": "192.0.2.1", "SERVER_PORT": "8000",
	"REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "53124", "forebay.request_id": "0f3a",
}

// FuzzEnviron holds the rules of heads and those of the environ together: what a client sends never becomes a key that it
// has no right to, nor a control byte in what came in a field, and no field takes another's place.
func FuzzEnviron(f *testing.F) {
	for _, head := range heads {
		f.Add([]byte(head))
		for _, line := range lines {
			f.Add([]byte(head + line + "\r\n"))
		}
	}
	for _, line := range []string{
		"X_Forwarded_For: evil\r\nX-Forwarded-For: 192.0.2.9\r\nX_forwarded-for: evil",
		"Remote_Addr: evil\r\nREMOTE_ADDR: evil\r\nHTTP_HOST: evil\r\nContent_Length: 9\r\nCONTENT_TYPE: evil",
		"Proxy: evil\r\nwsgi.url_scheme: https\r\nwsgi.input: x\r\nforebay.request_id: x",
		"Cookie: a=1\r\ncookie: b=2\r\nX: \x80\xff\r\nx: \xe9",
	} {
		f.Add([]byte(heads[0] + line + "\r\n"))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h := new(Head)
		if h.Read(headOf(raw), wideLimits) != nil {
			return
		}
		path, err := target.Decode(nil, h.Path)
		if err != nil {
			return
		}
		environ := environOf(t, h, path)
		for key, want := range given {
			require.Equal(t, want, environ[key], key)
			delete(environ, key)
		}
		for key, want := range map[string][]byte{
			"REQUEST_METHOD": h.Method, "RAW_URI": h.Target, "REQUEST_URI": h.Target, "PATH_INFO": path, "QUERY_STRING": h.Query,
			"SERVER_PROTOCOL": h.Protocol,
		} {
			require.Equal(t, latin1(want), environ[key], key)
			delete(environ, key)
		}
		_, hasLength := environ["CONTENT_LENGTH"]
		require.Equal(t, h.HasBody(), hasLength)
		delete(environ, "CONTENT_LENGTH")
		assertFromFields(t, h, environ)
	})
}

// assertFromFields demands that each of these keys is that of the fields without "_" in their names, with all that they say
// and no control byte.
func assertFromFields(t *testing.T, h *Head, environ map[string]any) {
	t.Helper()
	said := map[string][]string{}
	for _, f := range h.Fields {
		if name := string(f.Name); !strings.Contains(name, "_") {
			key := "HTTP_" + strings.ReplaceAll(strings.ToUpper(name), "-", "_")
			said[key] = append(said[key], latin1(f.Value))
		}
	}
	if h.Absolute {
		said["HTTP_HOST"] = []string{latin1(h.Host)}
	}
	for key, value := range environ {
		if key == "CONTENT_TYPE" {
			key = "HTTP_CONTENT_TYPE"
		}
		separator := ", "
		if key == "HTTP_COOKIE" {
			separator = "; "
		}
		require.Contains(t, said, key)
		require.Equal(t, strings.Join(said[key], separator), value, key)
		require.NotContains(t, []string{"HTTP_PROXY", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"}, key)
		require.Negative(t, strings.IndexFunc(key+value.(string), isControl), "%s: %q", key, value)
	}
}

func isControl(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7F }

// latin1 is the text that stands for bytes.
func latin1(b []byte) string {
	text := make([]rune, len(b))
	for i, c := range b {
		text[i] = rune(c)
	}
	return string(text)
}
