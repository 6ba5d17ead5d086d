package python

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const toWorker, toMaster = "to worker", "to master"

// golden is one frame of testdata/frames, as the Python half has written it, and what it says.
type golden struct {
	frame []byte
	said  struct {
		Direction string
		Kind      string
		Flags     Flags
		Value     any
	}
}

func (g golden) payload() []byte { return g.frame[HeadSize:] }

func readGolden(t *testing.T, name string) golden {
	t.Helper()
	base := filepath.Join("testdata", "frames", name)
	var g golden
	var err error
	g.frame, err = os.ReadFile(base + ".bin")
	require.NoError(t, err)
	text, err := os.ReadFile(base + ".json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &g.said))
	return g
}

func readAllGolden(t *testing.T) map[string]golden {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "frames", "*.bin"))
	require.NoError(t, err)
	all := map[string]golden{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".bin")
		all[name] = readGolden(t, name)
	}
	return all
}

// simple returns a value as JSON can say it, as the Python half's golden.simple does: tuples as lists, and bytes as
// {"bytes": text in latin-1}.
func simple(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"bytes": string(appendLatin1(nil, v))}
	case int:
		return float64(v)
	case Tuple:
		return simple([]any(v))
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = simple(item)
		}
		return items
	case map[string]any:
		d := map[string]any{}
		for key, item := range v {
			d[key] = simple(item)
		}
		return d
	}
	return v
}

// says returns what the payload of a frame of a kind says, as simple does.
func says(t *testing.T, kind string, payload []byte) any {
	t.Helper()
	switch kind {
	case "END", "WANT", "IDLE", "DRAIN", "SERVING", "STACK", "PING", "PONG":
		require.Empty(t, payload)
		return nil
	case "BODY", "CHUNK", "SHARED": // bytes as they are
		return simple(payload)
	}
	v, err := ReadValue(payload)
	require.NoError(t, err)
	return simple(v)
}

func TestGoldenFramesSayWhatTheyShould(t *testing.T) {
	kinds := map[string]bool{}
	for name, g := range readAllGolden(t) {
		kinds[g.said.Kind] = true
		t.Run(name, func(t *testing.T) {
			head, err := ParseHead(g.frame)
			require.NoError(t, err)
			assert.Equal(t, g.said.Kind, head.Kind.String())
			assert.Equal(t, g.said.Flags, head.Flags)
			assert.Equal(t, len(g.payload()), head.Length)
			fromGo := head.Kind < KindResponse || KindSources <= head.Kind && head.Kind < KindReady
			assert.Equal(t, fromGo, g.said.Direction == toWorker)
			assert.Equal(t, g.said.Value, says(t, g.said.Kind, g.payload()))
		})
	}
	assert.ElementsMatch(t, slices.Collect(maps.Values(kindNames)), slices.Collect(maps.Keys(kinds)), "kinds with a frame")
}

// Each answer is read by the function that reads it in service.
func TestGoldenAnswers(t *testing.T) {
	for name, g := range readAllGolden(t) {
		if g.said.Direction != toMaster {
			continue
		}
		t.Run(name, func(t *testing.T) {
			switch g.said.Kind {
			case "RESPONSE":
				assert.Equal(t, g.said.Value, simple(parsedResponse(t, KindResponse, g.payload())))
			case "HEAD":
				if g.said.Flags&FlagFile != 0 {
					assertFileHead(t, g)
					return
				}
				assert.Equal(t, g.said.Value, simple(parsedResponse(t, KindHead, g.payload())))
			case "ABORT", "ERROR", "FAILED":
				text, err := ParseText(g.payload())
				require.NoError(t, err)
				assert.Equal(t, g.said.Value, simple(Tuple{text}))
			case "READY":
				assertReady(t, name, g)
			case "FORKED":
				pid, refusal, err := ParseForked(g.payload())
				require.NoError(t, err)
				assert.Equal(t, g.said.Value, simple(Tuple{pid, refusal}))
			case "STACKS":
				got, err := ParseStacks(g.payload())
				require.NoError(t, err)
				said := []any{}
				for _, s := range got {
					said = append(said, Tuple{s.Slot, s.Name, s.Text})
				}
				assert.Equal(t, g.said.Value, simple(said))
			case "INTERRUPTED":
				got, err := ParseInterrupted(g.payload())
				require.NoError(t, err)
				assert.Equal(t, g.said.Value, simple(Tuple{got.Slot, int(int32(got.Request)), got.Stack, got.Outcome}))
			}
		})
	}
}

// parsedResponse reads a response and returns it in the form that it had on the wire.
func parsedResponse(t *testing.T, kind Kind, payload []byte) Tuple {
	t.Helper()
	resp, err := ParseResponse(kind, payload, nil)
	require.NoError(t, err)
	defer resp.Close()
	said := headOf(resp)
	if kind == KindResponse {
		return append(said, slices.Clone(resp.Body))
	}
	assert.Empty(t, resp.Body)
	return said
}

// headOf returns status and fields of a response in the form that they had on the wire.
func headOf(resp *Response) Tuple {
	fields := []any{}
	for _, f := range resp.Fields {
		fields = append(fields, Tuple{string(appendLatin1(nil, f.Name)), string(appendLatin1(nil, f.Value))})
	}
	return Tuple{statusLine(resp), fields}
}

func assertFileHead(t *testing.T, g golden) {
	t.Helper()
	resp, err := ParseFileHead(g.payload(), nil, openFile(t))
	require.NoError(t, err)
	defer resp.Close()
	said, ok := g.said.Value.([]any)
	require.True(t, ok)
	assert.Equal(t, said[:2], simple(headOf(resp)))
	assert.Equal(t, int64(5_000_000_000), resp.File.Offset)
	assert.Equal(t, int64(123), resp.File.Count)
}

func assertReady(t *testing.T, name string, g golden) {
	t.Helper()
	ready, err := ParseReady(g.payload())
	require.NoError(t, err)
	want := Ready{
		Version: "3.11.7", Implementation: "CPython", Executable: "/usr/bin/python3", PID: 4242, GIL: true, Interrupts: true,
		Threads: []int{4243, 4244}, DumpSignal: 62,
	}
	if name == "ready_template" {
		want.Interrupts, want.Threads, want.DumpSignal, want.Strays = false, nil, 0, []string{"Thread-1 (poll)", "rdk:main"}
	}
	assert.Equal(t, want, ready)
}

// The frames that Go writes say what those of the Python half say. They are not the same to the byte where a dict has
// more than one key, or where Python marks a text as interned.
func TestGoldenControlFramesAreWritten(t *testing.T) {
	boot := Boot{
		Spec: "shop:create_app()", Name: "shop", Path: []string{"/srv/shop", "/srv/lib"}, Hooks: "/srv/hooks.py", Master: 4241,
		Age: 7, Slots: []SlotFDs{{4, 5, 6}, {7, 8, 9}}, Dump: 10, Marks: 11,
		Environ: map[string]any{"SERVER_SOFTWARE": "forebay", "SCRIPT_NAME": "/shop", "wsgi.multiprocess": true},
	}
	forked, template := boot, boot
	forked.Slots, forked.Dump, forked.Marks = []SlotFDs{{1, 2, 3}, {4, 5, 6}}, 7, 8
	template.Slots, template.Dump, template.Marks, template.Age, template.Hooks = nil, 0, 0, 0, ""
	tests := map[string][]byte{
		"boot":          boot.Frame(),
		"boot_template": template.TemplateFrame(),
		"fork":          forked.ForkFrame(12),
		"serving":       AppendFrame(nil, KindServing, 0, nil),

		"cancel":    CancelFrame(1, 4711),
		"recall":    RecallFrame(0, 4711),
		"interrupt": InterruptFrame(1, 4711, true),
		"drain":     AppendFrame(nil, KindDrain, 0, nil),
	}
	for name, frame := range tests {
		t.Run(name, func(t *testing.T) {
			g := readGolden(t, name)
			head, err := ParseHead(frame)
			require.NoError(t, err)
			require.Len(t, frame, HeadSize+head.Length)
			said := says(t, g.said.Kind, frame[HeadSize:])
			if _, isDict := said.(map[string]any); isDict {
				assert.Equal(t, g.said.Value, said)
				return
			}
			assert.Equal(t, g.frame, frame)
		})
	}
}

func TestGoldenRequestIsWritten(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	m := &Meta{
		Method: []byte("POST"), Target: []byte("/caf%C3%A9/%FF?a=1&b=%20"), Path: []byte("/caf\xc3\xa9/\xff"),
		Query: []byte("a=1&b=%20"), Protocol: []byte("HTTP/1.1"), Scheme: "https",
		ServerName: []byte("example.org"), ServerPort: []byte("443"),
		RemoteAddr: []byte("2001:db8::1"), RemotePort: []byte("53124"), HasLength: true,
		RequestID: []byte("0123456789abcdef"),
		Fields: lines("Host: example.org", "Cookie: a=1", "Accept: text/html", "X-Latin: caf\xe9 \x80\xff", "X-Empty: ",
			"content-type: application/octet-stream", "Content-Length: 256", "Accept: */*;q=0.8", "Cookie: b=2", "Proxy: x"),
	}
	req := NewRequest(m, Body{Memory: every, Size: 256}, nil)
	defer req.Release()

	g := readGolden(t, "request_full")
	assert.Equal(t, g.frame[4:HeadSize], req.Frame()[4:HeadSize], "kind and flags")
	said, ok := says(t, "REQUEST", req.Frame()[HeadSize:]).([]any)
	require.True(t, ok)
	assert.Equal(t, g.said.Value, said)
}

// The environs of these are shorter than any that Go makes of a request.
func TestGoldenRequestsAreOfThePartsThatGoWrites(t *testing.T) {
	empty := appendBytes(append(appendTuple(nil, 2), codeDict, codeNull), nil)
	assert.Equal(t, readGolden(t, "request_empty").frame, AppendFrame(nil, KindRequest, 0, empty))

	m := get()
	m.Method, m.HasLength = []byte("PUT"), true
	req := NewRequest(m, Body{File: openFile(t), Size: 1 << 20}, nil)
	defer req.Release()
	g := readGolden(t, "request_file")
	assert.Equal(t, g.frame[4:HeadSize], req.Frame()[4:HeadSize], "kind and flags")
	said, ok := says(t, "REQUEST", req.Frame()[HeadSize:]).([]any)
	require.True(t, ok)
	want, ok := g.said.Value.([]any)
	require.True(t, ok)
	assert.Subset(t, said[0], want[0])
	assert.Equal(t, want[1:], said[1:], "there is no body in it")
}
