package syscalls

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

func findStrace() (string, error) { return exec.LookPath("strace") }

// strace counts what processes do between the moment at which it has attached to all of them and its end.
func strace(ctx context.Context, path string, pids []int, work func() error) (int64, error) {
	argv := []string{"-f", "-c"}
	for _, pid := range pids {
		argv = append(argv, "-p", strconv.Itoa(pid))
	}
	cmd := exec.CommandContext(ctx, path, argv...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	said := bufio.NewReader(stderr)
	err = attached(said, len(pids))
	if err == nil {
		err = work()
	}
	_ = cmd.Process.Signal(syscall.SIGINT) // then it lets go of them and says what it has counted
	rest, readErr := io.ReadAll(said)
	_ = cmd.Wait() // it ends with the signal
	if err := errors.Join(err, readErr); err != nil {
		return 0, err
	}
	return parseTotal(string(rest))
}

// attached returns when strace says of that many processes that it has attached to them.
func attached(said *bufio.Reader, processes int) error {
	for processes > 0 {
		line, err := said.ReadString('\n')
		if err != nil {
			return fmt.Errorf("strace: %w: %s", err, line)
		}
		if strings.Contains(line, " attached") {
			processes--
		}
	}
	return nil
}

// total is the last line of the table: 100.00, seconds, microseconds for each call, calls, perhaps errors, and "total".
var total = regexp.MustCompile(`(?m)^100\.00\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+total$`)

// parseTotal finds the number of calls in strace's table, which is empty where nothing was called.
func parseTotal(table string) (int64, error) {
	match := total.FindStringSubmatch(table)
	if match == nil {
		return 0, fmt.Errorf("strace's table has no total: %.200q", table)
	}
	return strconv.ParseInt(match[1], 10, 64)
}
