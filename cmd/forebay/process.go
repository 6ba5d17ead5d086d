package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"forebay/config"
)

func setUmask(mask int) { syscall.Umask(mask) }

// setProcessName sets the name that ps and top show. Linux only; elsewhere nothing happens.
func setProcessName(name string) {
	if name == "" {
		return
	}
	_ = os.WriteFile("/proc/self/comm", []byte(name), 0) // a nicety: nothing depends on it
}

// writePIDFile writes our process id, under another name first so that nobody reads half of it.
func writePIDFile(path string) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the PID file: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write the PID file: %w", err)
	}
	return nil
}

// dropPrivileges becomes the configured user and group, for good: the sockets and the log are open by now, and the
// workers inherit what we are. give is called before, with whom we become.
func dropPrivileges(cfg config.Process, give func(uid, gid int) error) error {
	if cfg.User == "" && cfg.Group == "" {
		return nil
	}
	uid, gid, groups, err := identity(cfg)
	if err != nil {
		return err
	}
	if uid == os.Geteuid() && gid == os.Getegid() { // as the successor in an upgrade is, who may not set what it has
		return nil
	}
	if err := give(uid, gid); err != nil {
		return err
	}
	if groups != nil {
		if err := syscall.Setgroups(groups); err != nil {
			return fmt.Errorf("become user %s: set groups: %w", cfg.User, err)
		}
	}
	if err := syscall.Setgid(gid); err != nil {
		return fmt.Errorf("become group %s: %w", cfg.Group, err)
	}
	if err := syscall.Setuid(uid); err != nil {
		return fmt.Errorf("become user %s: %w", cfg.User, err)
	}
	return nil
}

// identity looks user and group up; both may be names or numbers. Without a group it is the user's own, with all others
// the user is in.
func identity(cfg config.Process) (uid, gid int, groups []int, err error) {
	uid, gid = os.Getuid(), os.Getgid()
	if os.Getuid() == 0 {
		groups = []int{}
	}
	if cfg.User != "" {
		u, err := user.Lookup(cfg.User)
		if err != nil {
			if u, err = user.LookupId(cfg.User); err != nil {
				return 0, 0, nil, fmt.Errorf("look up user %s: %w", cfg.User, err)
			}
		}
		uid, _ = strconv.Atoi(u.Uid) // the system's own number
		gid, _ = strconv.Atoi(u.Gid)
		ids, err := u.GroupIds()
		if err != nil {
			return 0, 0, nil, fmt.Errorf("look up the groups of user %s: %w", cfg.User, err)
		}
		for _, id := range ids {
			n, _ := strconv.Atoi(id)
			groups = append(groups, n)
		}
	}
	if cfg.Group != "" {
		g, err := user.LookupGroup(cfg.Group)
		if err != nil {
			if g, err = user.LookupGroupId(cfg.Group); err != nil {
				return 0, 0, nil, fmt.Errorf("look up group %s: %w", cfg.Group, err)
			}
		}
		gid, _ = strconv.Atoi(g.Gid)
	}
	return uid, gid, groups, nil
}
