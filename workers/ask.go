package workers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Question is a short program that tells something.
type Question struct {
	Python  string   // the interpreter's path
	Program string   // its text; it answers on descriptor 3
	Args    []string // of the program
	Dir     string   // the working directory
	Env     []string // KEY=VALUE, the whole environment
	Output  io.Writer
}

// longestAnswer is how much a program may say.
const longestAnswer = 1 << 20

// Ask runs a program and returns its answer. What the program, and what it runs, writes to stdout and stderr goes to
// Output. It blocks until that has ended, or ctx.
func Ask(ctx context.Context, q Question) ([]byte, error) {
	answers, end, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", q.Python, err)
	}
	cmd := exec.CommandContext(ctx, q.Python, append([]string{"-c", q.Program}, q.Args...)...)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = q.Dir, q.Env, []*os.File{end}
	cmd.Stdout, cmd.Stderr = q.Output, q.Output
	cmd.WaitDelay = time.Second // for what it may have started
	err = children.start(cmd)
	_ = end.Close() // the program's own is what counts
	if err != nil {
		_ = answers.Close() // nobody writes to it
		return nil, fmt.Errorf("ask %s: %w", q.Python, err)
	}
	release := context.AfterFunc(ctx, func() { _ = answers.Close() }) // what it has started may hold the other end
	answer, readErr := io.ReadAll(io.LimitReader(answers, longestAnswer+1))
	release()
	_ = answers.Close() // it has said what it may
	err = cmd.Wait()
	children.forget(cmd.Process.Pid)
	switch answer = bytes.TrimSpace(answer); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ask %s: %w", q.Python, context.Cause(ctx))
	case len(answer) > longestAnswer:
		return nil, fmt.Errorf("ask %s: an answer of more than %d bytes", q.Python, longestAnswer)
	case len(answer) > 0 && readErr == nil:
		return answer, nil // how it ended does not matter any more
	}
	if reason := Probe(ctx, q.Python); reason != nil {
		return nil, reason
	}
	return nil, fmt.Errorf("ask %s: no answer: %w", q.Python, errors.Join(readErr, err))
}
