package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"

	"forebay/proxy"
)

// heritageKey is the variable by which a process tells its successor what the descriptors are that it passes.
const heritageKey = "_FOREBAY_HERITAGE"

// heritage is what a process has from the one whose place it takes, in an upgrade. Descriptor 3 is the pipe on which it
// says that it serves; the sockets follow.
type heritage struct {
	Binds     []string `json:"binds"`
	Admin     string   `json:"admin"`     // the address of the admin listener, whose socket is the last; empty without one
	Activated int      `json:"activated"` // sockets that a service manager had passed
	PIDFile   string   `json:"pid_file"`  // which is the predecessor's still

	ready   *os.File
	sockets []proxy.Socket
	admin   *proxy.Socket // nil: there is none
}

// takeHeritage returns what was left to us, or nil if we have no predecessor.
func takeHeritage() (*heritage, error) {
	text, found := os.LookupEnv(heritageKey)
	if !found {
		return nil, nil
	}
	_ = os.Unsetenv(heritageKey) // it is not for the workers
	h := &heritage{}
	if err := json.Unmarshal([]byte(text), h); err != nil {
		return nil, fmt.Errorf("read %s: %w", heritageKey, err)
	}
	const first = 3
	h.ready = inherit(first, "ready")
	for i, bind := range h.Binds {
		h.sockets = append(h.sockets, proxy.Socket{Bind: bind, File: inherit(first+1+i, bind)})
	}
	if h.Admin != "" {
		h.admin = &proxy.Socket{Bind: h.Admin, File: inherit(first+1+len(h.Binds), h.Admin)}
	}
	return h, nil
}

func inherit(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), name)
}

// announce tells the predecessor that we serve.
func (h *heritage) announce() error {
	_, err := h.ready.Write([]byte{readyByte})
	if err = errors.Join(err, h.ready.Close()); err != nil {
		return fmt.Errorf("tell the predecessor: %w", err)
	}
	return nil
}

// readyByte is what a successor says when it serves.
const readyByte = 'r'
