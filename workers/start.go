package workers

import (
	"context"
	"errors"
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
	// Imported is told which files the application was made of, also when it could not be loaded, and later which others it
	// has imported. It must not block. nil: nobody wants to know.
	Imported func(files []string)
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
			r.done <- children.start(r.command)
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

// bring starts a worker and waits until it is loaded, or until ctx ends.
func (g *generation) bring(ctx context.Context, id int) (*Worker, error) {
	w, err := g.start(id)
	if err != nil {
		return nil, g.diagnose(ctx, err)
	}
	release := context.AfterFunc(ctx, w.kill)
	boot := g.program.Boot.For(id, controlFD+1, g.cfg.Threads)
	boot.Modules = w.imported != nil
	err = w.boot(g.pool.sources, boot.Frame(), g.cfg.BootTimeout)
	release()
	if err != nil {
		w.kill()
		<-w.exited
		w.close()
		if ctx.Err() != nil { // every other reason is logged as that of a failed start
			w.logExit(true)
		}
		return nil, g.diagnose(ctx, fmt.Errorf("start worker %d: %w", id, err))
	}
	w.become(Loaded)
	w.listening.Go(w.listen)
	return w, nil
}

// diagnose looks for the reason of a failed start in the interpreter, where a start must not be tried again and again.
func (g *generation) diagnose(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.As(err, new(*LoadError)) || (g.pool.wasReady.Load() && !g.gated()) {
		return err
	}
	if reason := Probe(ctx, g.program.Python); reason != nil {
		return reason
	}
	return err
}

// lend makes the slots of a loaded worker available.
func (p *Pool) lend(w *Worker) {
	w.become(Ready)
	w.log.Debug("worker ready", "python", w.ready.Version, "gil", w.ready.GIL)
	p.lent.Add(1)
	p.host.Offer(w)
	if p.wasReady.CompareAndSwap(false, true) {
		p.ready <- w.ready
	}
}

// start starts the process of seat id with its sockets and its readers of output. The worker that it returns is booting.
func (g *generation) start(id int) (*Worker, error) {
	w := &Worker{
		id: id, log: g.pool.log, wear: newWear(g.cfg), retire: make(chan string, 1), exited: make(chan struct{}),
		imported: g.program.Imported,
	}
	w.command = exec.Command(g.program.Python, "-c", python.Bootstrap(), strconv.Itoa(controlFD))
	w.command.Dir, w.command.Env = g.program.Dir, g.program.Env
	w.command.SysProcAttr = processAttr()

	var theirs []*os.File // the worker's ends
	defer func() { closeAll(theirs) }()
	_ = kernel() // from now on it counts whom it kills
	err := w.connect(g.cfg.Threads, &theirs)
	w.command.ExtraFiles = theirs
	if err == nil {
		err = w.capture(&theirs)
	}
	if err == nil {
		err = g.pool.starter.start(w.command)
	}
	if err != nil {
		w.close()
		closeAll(w.pipes)
		return nil, fmt.Errorf("start worker %d: %w", id, err)
	}
	w.log = g.pool.log.With("worker", id, "pid", w.PID())
	for i, stream := range []string{"stdout", "stderr"} {
		w.output.Go(func() {
			logLines(w.pipes[i], w.log, stream)
			_ = w.pipes[i].Close() // only read from
		})
	}
	go w.wait()
	return w, nil
}

// connect makes the sockets for control and for each thread, the pipe for stacks and the memory for marks, and appends the
// worker's ends to theirs. Their order is python.Boot.For's.
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
	dumps, end, err := os.Pipe()
	if err != nil {
		return err
	}
	w.dumps = dumps
	*theirs = append(*theirs, end)
	if w.marks, end, err = newMarks(threads); err != nil {
		return err
	}
	*theirs = append(*theirs, end)
	return nil
}

// addSlot makes the three ways to a thread.
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
