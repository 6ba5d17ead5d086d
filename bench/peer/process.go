package peer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	stopTimeout = 10 * time.Second
	logTail     = 2000
)

// process is a command that runs until it is stopped. It leads a process group of its own, or a session, so that ^C in a
// terminal reaches only the benchmark, which then stops its peers in order.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed by wait when the process has been reaped
}

// startProcess runs argv in dir, which is also its home and is made if need be, with its output at the end of a file
// there. It inherits nothing from our environment that could change how fast it is.
func startProcess(name, dir string, argv []string, session bool) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, filepath.Base(argv[0])+".log"), done: make(chan struct{})}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the process has its own descriptor of it
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !session, Setsid: session}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go p.wait() // ends with the process
	return p, nil
}

func (p *process) wait() {
	_ = p.cmd.Wait() // how it ended is in ProcessState
	close(p.done)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// alive is nil while the process runs, and then says how it ended and what it said last.
func (p *process) alive() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended (%s); it said last:\n%s", p.name, p.cmd.ProcessState, p.tail())
	default:
		return nil
	}
}

// stop asks the process to end, kills its group if it does not, and returns when it has been reaped.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		fmt.Fprintf(os.Stderr, "bench: %s does not stop: killed\n", p.name)
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL) // the leader is not reaped yet, so the group is still ours
		<-p.done
	}
}

func (p *process) tail() string {
	said, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(said[max(0, len(said)-logTail):]))
}

// runs reports whether there is a process of that number which has not ended.
func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(text), ") ") // the name before it is one of ours, without parentheses
	return !strings.HasPrefix(state, "Z")          // nobody has asked yet how it ended
}

// stopStranger asks a process that is not our child to end, and kills it if it does not.
func stopStranger(pid int) {
	_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended already
	poll := time.NewTicker(startPoll)      // its end is only to be seen
	defer poll.Stop()
	for begin := time.Now(); runs(pid); <-poll.C {
		if time.Since(begin) > stopTimeout {
			fmt.Fprintln(os.Stderr, "bench: an upgraded server does not stop: killed")
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended just now
			return
		}
	}
}
