package workers

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// askPython runs a program of a real Python.
func askPython(ctx context.Context, t *testing.T, program string, args ...string) (answer, output string, err error) {
	t.Helper()
	interpreter, err := FindPython("", nil, t.TempDir())
	require.NoError(t, err)
	var printed bytes.Buffer
	said, err := Ask(ctx, Question{
		Python: interpreter, Program: "import os, sys\n" + program, Args: args, Dir: "/", Env: append(os.Environ(), "ASKED=yes"), Output: &printed,
	})
	return string(said), printed.String(), err
}

func TestAsk(t *testing.T) {
	for name, c := range map[string]struct{ program, answer, output, err string }{
		"an answer":              {`os.write(3, f"{os.getcwd()} {os.environ['ASKED']} {sys.argv[1:]}\n".encode())`, "/ yes ['a', 'b c']", "", ""},
		"what it prints":         {`print("out", flush=True); print("err", file=sys.stderr); os.write(3, b"x")`, "x", "out\nerr\n", ""},
		"an answer, then a fall": {`os.write(3, b"x"); sys.exit(3)`, "x", "", ""},
		"no answer":              {`sys.exit(3)`, "", "", "no answer: exit status 3"},
		"too much":               {`os.write(3, b"x"); [os.write(3, b"y" * 65536) for _ in range(20)]`, "", "", "an answer of more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, output, err := askPython(t.Context(), t, c.program, "a", "b c")
			assert.Equal(t, c.answer, answer)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.output, output)
		})
	}
}

// Neither a program that does not end nor one that leaves a child behind holds anybody up.
func TestAskEndsWithItsContext(t *testing.T) {
	for name, program := range map[string]string{
		"hangs":          `import signal; open(os.environ["BEGUN"], "w").close(); signal.pause()`,
		"leaves a child": `import signal; os.fork() or (open(os.environ["BEGUN"], "w").close(), signal.pause()); os._exit(0)`,
	} {
		t.Run(name, func(t *testing.T) {
			begun := filepath.Join(t.TempDir(), "begun")
			t.Setenv("BEGUN", begun)
			ctx, stop := context.WithCancelCause(t.Context())
			enough := errors.New("enough")
			require.NoError(t, syscall.Mkfifo(begun, 0o600))
			go func() { // ends when the program has begun: it opens the other end
				_, err := os.ReadFile(begun)
				assert.NoError(t, err)
				stop(enough)
			}()
			_, _, err := askPython(ctx, t, program)
			require.ErrorIs(t, err, enough)
		})
	}
}

func TestAskWhatIsNoPython(t *testing.T) {
	path := program(t, filepath.Join(t.TempDir(), "python3"), "echo 3 8")
	_, err := Ask(t.Context(), Question{Python: path, Output: &strings.Builder{}})
	var none *PythonError
	require.ErrorAs(t, err, &none)
	assert.Contains(t, none.Reason, "3.9 is the oldest that works")
	_, err = Ask(t.Context(), Question{Python: "/no/such/python"})
	require.ErrorIs(t, err, os.ErrNotExist)
}
