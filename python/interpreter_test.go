package python

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runPython runs a program in the first python3 of PATH and returns what it prints.
func runPython(t *testing.T, program string, input []byte) []byte {
	t.Helper()
	path, err := exec.LookPath("python3")
	require.NoError(t, err, "the border with Python is tested with a Python")
	cmd := exec.CommandContext(t.Context(), path, "-I", "-S", "-c", program)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
}

func TestPythonReadsWhatGoWrites(t *testing.T) {
	v := Tuple{
		nil, true, false, 0, -1, -1 << 31, 1<<31 - 1, []byte{}, []byte{0, 0xFF}, "", "caf\u00e9 \u20ac \U0001f30a",
		Tuple{}, []any{}, map[string]any{}, []any{Tuple{"a"}, map[string]any{"k": Tuple{1}}},
	}
	const program = `import marshal, sys
print(ascii(marshal.loads(sys.stdin.buffer.read())), end="")`
	assert.Equal(t, `(None, True, False, 0, -1, -2147483648, 2147483647, b'', b'\x00\xff', '', 'caf\xe9 \u20ac \U0001f30a', `+
		`(), [], {}, [('a',), {'k': (1,)}])`, string(runPython(t, program, AppendValue(nil, v))))
}

// One interpreter echoes all of them: each is loaded by Python and dumped again.
func TestValuesComeBackFromPython(t *testing.T) {
	v := values()
	delete(v, "depth") // the dict around it would make it too deep
	const program = `import marshal, sys
sys.stdout.buffer.write(marshal.dumps(marshal.loads(sys.stdin.buffer.read()), 2))`
	got, err := ReadValue(runPython(t, program, AppendValue(nil, v)))
	require.NoError(t, err)
	assert.Equal(t, v, got)
}

func TestGoReadsWhatPythonWrites(t *testing.T) {
	tests := map[string]any{
		"None": nil, "True": true, "-2**31": -1 << 31, "2**31 - 1": 1<<31 - 1,
		"b'\\xff'": []byte{0xFF}, "'interned'": "interned", "''.join(['not', ' interned'])": "not interned",
		"'x' * 300": string(bytes.Repeat([]byte("x"), 300)), "'\\xe9\\u20ac'": "\u00e9\u20ac",
		"()": Tuple{}, "tuple(range(300))[:3]": Tuple{0, 1, 2}, "['a', 'a', 'a']": []any{"a", "a", "a"},
		"[[]] * 2": []any{[]any{}, []any{}}, "{'k': 'k'}": map[string]any{"k": "k"},
		"('200 OK', [('A', 'b')], b'c')": Tuple{"200 OK", []any{Tuple{"A", "b"}}, []byte("c")},
		"'\\udc80'":                      "\xed\xb2\x80", // surrogatepass
	}
	for expression, want := range tests {
		t.Run(expression, func(t *testing.T) {
			got, err := ReadValue(dumped(t, expression))
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestGoRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, expression := range []string{"2**31", "-2**70", "1.5", "1j", "{1}", "frozenset()", "...", "{1: 2}", "StopIteration", "compile('1', '', 'eval')"} {
		t.Run(expression, func(t *testing.T) {
			_, err := ReadValue(dumped(t, expression))
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
}

func dumped(t *testing.T, expression string) []byte {
	t.Helper()
	return runPython(t, `import marshal, sys
sys.stdout.buffer.write(marshal.dumps(eval(sys.stdin.read()), 2))`, []byte(expression))
}

func TestPythonReadsARequest(t *testing.T) {
	m := get()
	m.HasLength, m.Path = true, []byte("/caf\xc3\xa9/\xff")
	m.Fields = lines("X-Latin: caf\xe9 \x80\xff", "Accept: a", "Accept: b", "Cookie: c=1", "Cookie: d=2", "X_Bad: e", "Content-Type: f")
	req := NewRequest(m, Body{Memory: []byte("body\x00"), Size: 5}, nil)
	defer req.Release()
	const program = `import marshal, sys
environ, body = marshal.loads(sys.stdin.buffer.read())
print(ascii({k: v for k, v in environ.items() if k.startswith(("HTTP_", "CONTENT_", "PATH"))}), body)
assert all(type(v) is str for v in environ.values())
assert environ["PATH_INFO"].encode("latin-1").startswith("/caf\xe9/".encode("utf-8"))`
	assert.Equal(t, `{'PATH_INFO': '/caf\xc3\xa9/\xff', 'CONTENT_LENGTH': '5', 'HTTP_X_LATIN': 'caf\xe9 \x80\xff', `+
		`'HTTP_ACCEPT': 'a, b', 'HTTP_COOKIE': 'c=1; d=2', 'CONTENT_TYPE': 'f'} b'body\x00'`+"\n",
		string(runPython(t, program, req.Frame()[HeadSize:])))
}
