package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"forebay/workers"
)

// upgradeSlack is what a new binary gets beside the time for its workers to boot.
const upgradeSlack = 10 * time.Second

// upgrade starts the program that lies where ours was started from, hands our sockets to it, and waits until it serves.
// It returns its process id. After an error nothing has changed, and nothing of it is left.
//
// The descriptors are passed by hand: what the standard library would pass loses its O_NONBLOCK on the way, and with it
// our own listeners, which are the same open files. github.com/cloudflare/tableflip does it so, too; it keeps every
// socket open that it has ever seen, which a reload could not close.
func (s *server) upgrade() (pid int, err error) {
	if os.Getpid() == 1 {
		return 0, errors.New("the first process of a container cannot give its place to another")
	}
	path, err := executable(s.sources.Dir)
	if err != nil {
		return 0, err
	}
	ready, told, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = ready.Close() }()
	successor, err := workers.Start(func() (int, error) { return s.startSuccessor(path, told) })
	_ = told.Close() // the successor has its own
	if err != nil {
		return 0, err
	}
	defer workers.Forget(successor)
	if err := s.awaitSuccessor(successor, ready); err != nil {
		return 0, err
	}
	return successor.Pid, nil
}

// executable finds the program as a shell would find it that stands where we were started.
func executable(dir string) (string, error) {
	name := os.Args[0]
	if strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find the program: %w", err)
	}
	return path, nil
}

func (s *server) startSuccessor(path string, told *os.File) (pid int, err error) {
	err = s.bequest(func(left heritage, descriptors []uintptr) error {
		text, err := json.Marshal(left)
		if err != nil {
			return fmt.Errorf("describe the sockets: %w", err)
		}
		pid, _, err = syscall.StartProcess(path, os.Args, &syscall.ProcAttr{ //nolint:gosec // it is what we were started with
			Dir:   s.sources.Dir,
			Env:   append(append(os.Environ(), s.manager.environ()...), heritageKey+"="+string(text)),
			Files: append([]uintptr{0, 1, 2, told.Fd()}, descriptors...),
		})
		if err != nil {
			return fmt.Errorf("start %s: %w", path, err)
		}
		return nil
	})
	return pid, err
}

// bequest calls f with what a successor is to have from us, and the descriptors of the sockets.
func (s *server) bequest(f func(heritage, []uintptr) error) error {
	return s.proxy.Bequest(func(binds []string, descriptors []uintptr) error {
		left := heritage{Binds: binds, Activated: s.activated, PIDFile: s.ownPIDFile()}
		if s.admin == nil {
			return f(left, descriptors)
		}
		return s.admin.socket.Bequest(func(bind string, descriptor uintptr) error {
			left.Admin = bind
			return f(left, append(descriptors, descriptor))
		})
	})
}

// awaitSuccessor waits until the successor serves. If it does not it is ended.
func (s *server) awaitSuccessor(process *os.Process, ready *os.File) error {
	limit := s.started.cfg.Workers.BootTimeout + upgradeSlack
	stop := context.AfterFunc(s.stopping.begun, func() { _ = ready.SetReadDeadline(time.Now()) })
	defer stop()
	_ = ready.SetReadDeadline(time.Now().Add(limit)) // a pipe always has one
	said := make([]byte, 1)
	_, err := ready.Read(said)
	if err == nil && said[0] == readyByte && !s.stopping.asked() {
		return nil
	}
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) || s.stopping.asked() {
		_ = process.Kill() // its workers follow it
	}
	state, waitErr := process.Wait()
	switch {
	case s.stopping.asked():
		return errors.New("stopped meanwhile")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the new program does not serve after %v", limit)
	case waitErr != nil:
		return fmt.Errorf("wait for the successor: %w", waitErr)
	}
	return fmt.Errorf("the new program has ended: %v", state)
}

// upgradeNow does what SIGUSR2 asks for: if the new program serves we leave it the place, and end when our requests have.
func (s *server) upgradeNow() {
	s.log.Info("upgrading")
	began := time.Now()
	pid, err := s.upgrade()
	if err != nil {
		s.log.Error("upgrade failed, everything goes on as before", "error", err)
		return
	}
	s.hasPIDFile.Store(false) // it is the successor's
	s.proxy.Succeeded()
	s.admin.succeeded()
	s.manager.notify(fmt.Sprintf("MAINPID=%d", pid))
	s.log.Info("upgraded, stopping", "successor", pid, "took", time.Since(began).Round(time.Millisecond))
	s.stopping.drain()
}

// ownPIDFile is the PID file that is ours, or empty.
func (s *server) ownPIDFile() string {
	if !s.hasPIDFile.Load() {
		return ""
	}
	return s.started.cfg.Process.PIDFile
}
