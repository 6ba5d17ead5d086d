package crowd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Process is a crowd in a process of its own.
type Process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer  // read only after the end
	done   chan struct{} // closed by follow when the process has been reaped
	err    error         // how it ended; read only after done

	mu     sync.Mutex
	status Status
	news   chan struct{} // closed and replaced at each new status
}

// Start starts a crowd of n clients of the server at that address. argv is what runs Main; the kind and the rest are
// added to it. The caller stops the process.
func Start(argv []string, kind Kind, to string, n int) (*Process, error) {
	args := append(append([]string(nil), argv[1:]...), "-kind", kind.Name, "-to", to, "-clients", strconv.Itoa(n))
	p := &Process{cmd: exec.Command(argv[0], args...), done: make(chan struct{}), news: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	// ^C in a terminal reaches only the benchmark, which then stops its crowd in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err1, err2 error
	p.stdin, err1 = p.cmd.StdinPipe()
	lines, err2 := p.cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("start a crowd: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a crowd: %w", err)
	}
	go p.follow(lines) // ends with the process
	return p, nil
}

func (p *Process) follow(lines io.Reader) {
	decoder := json.NewDecoder(lines)
	for {
		var status Status
		if err := decoder.Decode(&status); err != nil {
			break // the end of it, as nothing else is written there
		}
		p.mu.Lock()
		p.status = status
		close(p.news)
		p.news = make(chan struct{})
		p.mu.Unlock()
	}
	if err := p.cmd.Wait(); err != nil {
		p.err = fmt.Errorf("the crowd ended: %w: %s", err, bytes.TrimSpace(p.stderr.Bytes()))
	}
	close(p.done)
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Status is what the crowd said last.
func (p *Process) Status() Status {
	status, _ := p.latest()
	return status
}

func (p *Process) latest() (Status, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status, p.news
}

// Await returns when all clients are settled at once, or when ctx ends: that is no error, as a server may never let all
// of them be. It is one when the crowd has ended.
func (p *Process) Await(ctx context.Context) error {
	for {
		status, news := p.latest()
		if status.Clients > 0 && status.Settled == status.Clients {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil
		case <-p.done:
			return errors.Join(p.err, errors.New("the crowd left by itself"))
		}
	}
}

// stopTimeout is how long a crowd may take to leave.
const stopTimeout = 10 * time.Second

// Stop lets the crowd leave and returns when its process has been reaped.
func (p *Process) Stop() {
	_ = p.stdin.Close() // it may have ended already
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		fmt.Fprintln(os.Stderr, "bench: a crowd does not leave: killed")
		_ = p.cmd.Process.Kill() // it may have ended just now
		<-p.done
	}
}
