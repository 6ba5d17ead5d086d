package workers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"time"

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
	w, told, err := g.start(ctx, id)
	if err != nil {
		return nil, g.diagnose(ctx, err)
	}
	release := context.AfterFunc(ctx, w.kill)
	ready, err := w.boot(told, g.cfg.BootTimeout)
	if !release() && err == nil {
		err = context.Cause(ctx) // it is being killed although it was loaded in the last moment
	}
	if err != nil {
		w.kill()
		<-w.exited
		w.close()
		if ctx.Err() != nil { // every other reason is logged as that of a failed start
			w.logExit(true)
		}
		return nil, g.diagnose(ctx, fmt.Errorf("start worker %d: %w", id, err))
	}
	w.ready = ready
	w.knowThreads()
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
	w.log.Debug("worker ready", "python", w.ready.Version, "gil", w.ready.GIL, "not_native", w.ready.NotNative)
	p.lent.Add(1)
	p.host.Offer(w)
	if p.wasReady.CompareAndSwap(false, true) {
		if w.hooks {
			w.send(python.AppendFrame(nil, python.KindServing, 0, nil))
		}
		p.ready <- w.ready
	}
}

// start starts the process of seat id with its sockets and its readers of output. The worker that it returns is booting,
// and has to be told what to load, unless that is empty.
func (g *generation) start(ctx context.Context, id int) (w *Worker, told []byte, err error) {
	w = &Worker{
		process: process{log: g.pool.log, exited: make(chan struct{}), imported: g.program.Imported},
		id:      id, hooks: g.program.Boot.Hooks != "", wear: newWear(g.cfg), retire: make(chan retirement, 1),
		stacks: make(chan []python.Stack, 1), generation: g.number, started: time.Now(),
		large: g.pool.large,
	}
	var theirs ends // the worker's
	defer theirs.close()
	_ = kernel() // from now on it counts whom it kills
	if err = w.connect(g.cfg.Threads, areaSize(g.cfg.Processes*g.cfg.Threads), &theirs); err == nil {
		told, err = g.launch(ctx, w, &theirs)
	}
	if err != nil {
		w.close()
		closeAll(w.pipes)
		return nil, nil, fmt.Errorf("start worker %d: %w", id, err)
	}
	w.log = g.pool.log.With("worker", id, "pid", w.PID())
	w.follow()
	g.pool.roster.enter(w)
	go func() { // ends with the process
		w.wait()
		g.pool.roster.leave(w)
	}()
	return w, told, nil
}

// launch makes the process of a worker.
func (g *generation) launch(ctx context.Context, w *Worker, theirs *ends) (told []byte, err error) {
	age := int(g.pool.born.Add(1))
	if g.nursery != nil {
		t, err := g.nursery.find(ctx)
		if err != nil {
			return nil, err
		}
		// A template is given the descriptors one after the other, and control is the first.
		w.handle, w.lifeline, err = t.fork(g.bootOf(w.id, age, 1), theirs)
		return nil, err
	}
	w.handle, err = g.spawn(theirs)
	return g.opening(g.bootOf(w.id, age, controlFD+1).Frame()), err
}

// opening is what an interpreter is told first: the worker program, and what to load.
func (g *generation) opening(boot []byte) []byte { return slices.Concat(g.sources, boot) }

// bootOf is what a worker is to be; first is the descriptor of its first slot's requests.
func (g *generation) bootOf(id, age, first int) python.Boot {
	boot := g.program.Boot.For(id, first, g.cfg.Threads)
	boot.Master, boot.Age, boot.Modules = os.Getpid(), age, g.program.Imported != nil
	return boot
}

// spawn starts the interpreter with the worker program.
func (g *generation) spawn(theirs *ends) (*os.Process, error) {
	command := exec.Command(g.program.Python, "-c", python.Bootstrap(), strconv.Itoa(controlFD))
	command.Dir, command.Env = g.program.Dir, g.program.Env
	command.SysProcAttr = processAttr()
	command.ExtraFiles = theirs.files
	command.Stdout, command.Stderr = theirs.streams[0], theirs.streams[1]
	if err := g.pool.starter.start(command); err != nil {
		return nil, err
	}
	return command.Process, nil
}

// connect makes what leads to a worker, and adds its ends to theirs: those for control and for each thread, the pipe for
// stacks and the memory for marks. Their order is python.Boot.For's.
func (w *Worker) connect(threads, area int, theirs *ends) error {
	if err := w.process.connect(theirs); err != nil {
		return err
	}
	for i := range threads {
		if err := w.addSlot(i, &theirs.files); err != nil {
			return err
		}
	}
	dumps, end, err := os.Pipe()
	if err != nil {
		return err
	}
	w.dumps = dumps
	theirs.files = append(theirs.files, end)
	if end, err = w.share(threads, area); err != nil {
		return err
	}
	theirs.files = append(theirs.files, end)
	return nil
}

// share makes the memory that the worker shares with us, and the file through which it gets at it: marks, and behind them
// areas of that size, if it is not 0. Without room for areas, as where files may not be as large, the pipes will do.
func (w *Worker) share(threads, area int) (theirs *os.File, err error) {
	if area > 0 {
		room := 2*aligned(markSize*threads) - markSize*threads + threads*area
		if w.marks, theirs, err = newMarks(threads, room); err == nil {
			if w.areas, err = newAreas(theirs, threads, area); err == nil {
				return theirs, nil
			}
			w.marks.close()
			_ = theirs.Close() // it is empty
		}
	}
	w.marks, theirs, err = newMarks(threads, 0)
	return theirs, err
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

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // nothing was written through it
	}
}
