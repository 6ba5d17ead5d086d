package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"forebay/python"
)

// template is a process that has imported the application and serves nothing. Workers are forked from it: that takes
// milliseconds, and what the import has made is in memory once.
//
// A worker is no child of the template's but ours. The template has a process between the two fork it, which ends at once,
// and the kernel gives us its orphan (prctl(2), PR_SET_CHILD_SUBREAPER). Were it the template's child, only the template
// could learn how it ended, and a template could not go before its last worker has.
type template struct {
	process
	asking   sync.Mutex    // one FORK at a time
	patience time.Duration // with a FORK
}

const (
	// forkTimeout is how long a template may take to fork. It does nothing else.
	forkTimeout = 10 * time.Second
	// rightsAtOnce is how many descriptors go with one byte. The kernel takes up to 253 (SCM_MAX_FD).
	rightsAtOnce = 128
)

// startTemplate starts a template and waits until it has imported the application, or until ctx ends.
func (g *generation) startTemplate(ctx context.Context) (*template, error) {
	began := time.Now()
	t, err := g.spawnTemplate()
	if err != nil {
		return nil, fmt.Errorf("start the template: %w", err)
	}
	boot := g.program.Boot
	boot.Master, boot.Modules = os.Getpid(), g.program.Imported != nil
	release := context.AfterFunc(ctx, t.kill)
	ready, err := t.boot(g.opening(boot.TemplateFrame()), g.cfg.BootTimeout)
	if !release() && err == nil {
		err = context.Cause(ctx) // it is being killed although it was loaded in the last moment
	}
	if err != nil {
		t.kill()
		<-t.exited
		t.hangUp()
		if ctx.Err() != nil { // every other reason is logged as that of a failed start
			t.log.Debug("template exited", "exit", t.exit)
		}
		return nil, fmt.Errorf("start the template: %w", err)
	}
	t.log.Info("template ready", "took", time.Since(began).Round(time.Millisecond))
	if len(ready.Strays) > 0 {
		t.log.Warn("the application has started threads, which no worker will have; start them in post_fork",
			"threads", strings.Join(ready.Strays, ", "))
	}
	return t, nil
}

func (g *generation) spawnTemplate() (*template, error) {
	t := &template{process: process{log: g.pool.log, exited: make(chan struct{}), imported: g.program.Imported}, patience: forkTimeout}
	err := adoptOrphans()
	var theirs ends
	defer theirs.close()
	if err == nil {
		err = t.connect(&theirs)
	}
	if err == nil {
		t.handle, err = g.spawn(&theirs)
	}
	if err != nil {
		t.hangUp()
		closeAll(t.pipes)
		return nil, err
	}
	t.log = g.pool.log.With("worker", "template", "pid", t.PID())
	t.follow()
	go t.wait() // ends with the process
	return t, nil
}

// wait waits for the process. What that has said last, which may be why it did not load, can still be read then; but nobody
// waits for more, though a child of the application's may hold the other end.
func (t *template) wait() {
	t.process.wait()
	_ = t.control.CloseRead() // it is closed already if we have hung up
	close(t.exited)
}

// fork has a worker forked, with its ends of everything, and returns its process and what keeps it alive: it is killed
// when the lifeline is closed, also by our own end. After an error there is no worker, or one that ends by itself, as
// nothing leads to it.
func (t *template) fork(boot python.Boot, theirs *ends) (worker *os.Process, lifeline *os.File, err error) {
	end, lifeline, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = end.Close() }() // nobody reads from it
	files := slices.Concat(theirs.files, theirs.streams, []*os.File{end})
	worker, err = children.adopt(func() (int, error) { return t.ask(boot.ForkFrame(len(files)), files) })
	if err != nil {
		_ = lifeline.Close() // nobody writes to it
		return nil, nil, err
	}
	return worker, lifeline, nil
}

// ask sends FORK and returns the number of the worker. A template that does not answer is killed.
func (t *template) ask(frame []byte, files []*os.File) (pid int, err error) {
	t.asking.Lock()
	defer t.asking.Unlock()
	pid, refusal, err := t.exchange(frame, files)
	switch {
	case err != nil && (isEnd(err) || errors.Is(err, net.ErrClosed)): // or we have ended it meanwhile
		return 0, t.death()
	case err != nil:
		t.log.Warn("template is killed, as it does not fork", "error", err)
		t.kill()
		return 0, fmt.Errorf("fork a worker: %w", err)
	case pid == 0:
		return 0, fmt.Errorf("fork a worker: %s", refusal)
	}
	return pid, nil
}

func (t *template) exchange(frame []byte, files []*os.File) (pid int, refusal string, err error) {
	if err := t.control.SetDeadline(time.Now().Add(t.patience)); err != nil {
		return 0, "", err
	}
	if _, err := t.control.Write(frame); err != nil {
		return 0, "", err
	}
	for some := range slices.Chunk(files, rightsAtOnce) {
		if _, _, err := t.control.WriteMsgUnix([]byte{0}, rightsOf(some...), nil); err != nil {
			return 0, "", err
		}
	}
	answer, err := readFrame(t.control)
	if err != nil {
		return 0, "", err
	}
	if answer.Kind != python.KindForked {
		return 0, "", fmt.Errorf("it answered with %v", answer.Kind)
	}
	return python.ParseForked(answer.Payload)
}

// end ends a template in good order. It blocks until there is none. The workers that were forked from it go on.
func (t *template) end() {
	t.hangUp()
	if !t.endsWithin(exitTimeout) {
		t.kill()
	}
	t.bury(true)
}

// bury waits for the end of the process and logs it.
func (t *template) bury(asked bool) {
	<-t.exited
	t.hangUp()
	level := slog.LevelWarn
	if asked {
		level = slog.LevelInfo
	}
	t.log.Log(context.Background(), level, "template exited", "exit", t.exit)
}
