package main

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// unmapPages has the kernel forget which pages of this program's file we have used so far: it counts them as ours, and maps
// more with each than was asked for. Of some 14 MiB most were for the start. Those that are used again come back from the page
// cache, by a fault that reads nothing from a disk while they are there.
func unmapPages() {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, area := range areasOf(maps, program) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, area.start, area.end-area.start, unix.MADV_DONTNEED) // locked pages stay
	}
}

// area is a part of our addresses.
type area struct{ start, end uintptr }

// areasOf returns where a file is mapped that nobody writes to, by what /proc/self/maps says (proc_pid_maps(5)). What can be
// written to is not the file's any more.
func areasOf(maps io.Reader, file string) (areas []area) {
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		const fields = 6 // address, permissions, offset, device, inode, path
		words := strings.SplitN(lines.Text(), " ", fields)
		if len(words) < fields || strings.TrimLeft(words[fields-1], " ") != file || !isReadOnly(words[1]) {
			continue
		}
		first, last, _ := strings.Cut(words[0], "-")
		start, err := strconv.ParseUint(first, 16, 64)
		end, endErr := strconv.ParseUint(last, 16, 64)
		if err == nil && endErr == nil && start < end {
			areas = append(areas, area{uintptr(start), uintptr(end)})
		}
	}
	return areas
}

// isReadOnly reads permissions such as "r-xp": the last letter says that what is written would be private.
func isReadOnly(permissions string) bool {
	return strings.HasPrefix(permissions, "r-") && strings.HasSuffix(permissions, "p")
}
