package workers

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"forebay/python"
)

// Program says what every worker runs and as whom.
type Program struct {
	Python string   // the interpreter's path
	Dir    string   // working directory; empty means ours
	Env    []string // KEY=VALUE, the whole environment
	Boot   python.Boot
}

// starter starts processes from one thread of the operating system that lives as long as it does: Linux sends a child its
// parent-death signal when the thread that made it ends (prctl(2), PR_SET_PDEATHSIG).
type starter struct {
	requests chan startRequest
}

type startRequest struct {
	command *exec.Cmd
	done    chan error
}

// run serves requests until ctx ends.
func (s *starter) run(ctx context.Context) {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, after all workers
	for {
		select {
		case r := <-s.requests:
			r.done <- r.command.Start()
		case <-ctx.Done():
			return
		}
	}
}

func (s *starter) start(command *exec.Cmd) error {
	r := startRequest{command, make(chan error, 1)}
	s.requests <- r
	return <-r.done
}

// controlFD is the descriptor of the control socket in a worker, the first after the standard streams. Those of the slots
// follow.
const controlFD = 3

// start starts the process of seat id with its sockets and its readers of output. The worker that it returns is booting.
func (p *Pool) start(id int) (*Worker, error) {
	w := &Worker{id: id, log: p.log, retire: make(chan string, 1), exited: make(chan struct{})}
	w.command = exec.Command(p.program.Python, "-c", python.Bootstrap(), strconv.Itoa(controlFD))
	w.command.Dir, w.command.Env = p.program.Dir, p.program.Env
	w.command.SysProcAttr = processAttr()

	var theirs []*os.File // the worker's ends
	defer func() { closeAll(theirs) }()
	err := w.connect(p.cfg.Threads, &theirs)
	w.command.ExtraFiles = theirs
	if err == nil {
		err = w.capture(&theirs)
	}
	if err == nil {
		err = p.starter.start(w.command)
	}
	if err != nil {
		w.close()
		closeAll(w.pipes)
		return nil, fmt.Errorf("start worker %d: %w", id, err)
	}
	w.log = p.log.With("worker", id, "pid", w.PID())
	for i, stream := range []string{"stdout", "stderr"} {
		w.output.Go(func() {
			logLines(w.pipes[i], w.log, stream)
			_ = w.pipes[i].Close() // only read from
		})
	}
	go w.wait()
	return w, nil
}

// connect makes the sockets for control and for each thread, and appends the worker's ends to theirs.
func (w *Worker) connect(threads int, theirs *[]*os.File) error {
	control, end, err := socketpair("control")
	if err != nil {
		return err
	}
	w.control = control
	*theirs = append(*theirs, end)
	for i := range threads {
		if err := w.addSlot(i, theirs); err != nil {
			return err
		}
	}
	return nil
}

// addSlot makes the three ways to a thread. The order of the worker's ends is python.Boot.For's.
func (w *Worker) addSlot(index int, theirs *[]*os.File) error {
	requests, out, err := os.Pipe()
	if err != nil {
		return err
	}
	*theirs = append(*theirs, requests)
	in, answers, err := os.Pipe()
	if err != nil {
		closeAll([]*os.File{out})
		return err
	}
	*theirs = append(*theirs, answers)
	files, end, err := socketpair("descriptors")
	if err != nil {
		closeAll([]*os.File{out, in})
		return err
	}
	*theirs = append(*theirs, end)
	w.slots = append(w.slots, newSlot(w, index, out, in, files))
	return nil
}

// capture makes the pipes for stdout and stderr.
func (w *Worker) capture(theirs *[]*os.File) error {
	for _, target := range []*io.Writer{&w.command.Stdout, &w.command.Stderr} {
		r, end, err := os.Pipe()
		if err != nil {
			return err
		}
		w.pipes = append(w.pipes, r)
		*theirs = append(*theirs, end)
		*target = end
	}
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // nothing was written through it
	}
}
