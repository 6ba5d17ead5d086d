// Command release makes what is handed out of forebay: for each platform a static binary, its bill of materials and a
// wheel for pip, and the checksums of all of them. It runs in the root of the checkout, asks no network once the modules
// are there, and makes the same bytes from the same sources wherever the checkout lies.
//
//	go run ./docker/release -version v1.2.3 -out dist
//	go run ./docker/release -wheels -platform linux/amd64
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

// maxBinary is what no binary may be larger than, in bytes: it is copied to every machine, image and environment.
const maxBinary = 25 << 20

// order is what the command line asks for.
type order struct {
	checkout  string // its directory
	version   string // as git describes it
	out       string // the directory that is filled
	platforms []platform
	wheels    bool // nothing but wheels
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	o, err := readOrder(os.Args[1:], os.Stderr)
	if err == nil {
		err = o.make(ctx, os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func readOrder(args []string, stderr io.Writer) (order, error) {
	o := order{checkout: "."}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.version, "version", "dev", "version that is stamped, such as v1.2.3")
	flags.StringVar(&o.out, "out", "dist", "directory for what is made")
	flags.BoolVar(&o.wheels, "wheels", false, "make nothing but wheels")
	flags.Func("platform", "OS/ARCH; repeatable, all where none is named", func(name string) error {
		p, err := findPlatform(name)
		o.platforms = append(o.platforms, p)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return order{}, err
	}
	if len(o.platforms) == 0 {
		o.platforms = platforms
	}
	return o, nil
}

// make fills the directory and says what is in it.
func (o order) make(ctx context.Context, stdout io.Writer) error {
	scratch, err := os.MkdirTemp("", "forebay-release-")
	if err != nil {
		return fmt.Errorf("make a directory to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the system's temporary directory at worst
	var made []file
	for _, p := range o.platforms {
		files, err := o.makeFor(ctx, p, filepath.Join(scratch, "forebay"))
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		made = append(made, files...)
	}
	if !o.wheels {
		made = append(made, handedOut(o.version)...)
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil { //nolint:gosec // G301: what is handed out is for everybody
		return fmt.Errorf("make %s: %w", o.out, err)
	}
	for _, f := range append(made, sums(made)) {
		if err := f.write(o.out); err != nil {
			return err
		}
		fmt.Fprintln(stdout, filepath.Join(o.out, f.name))
	}
	return nil
}

// makeFor makes what belongs to one platform. The binary is built at path.
func (o order) makeFor(ctx context.Context, p platform, path string) ([]file, error) {
	if err := build(ctx, o.checkout, p, o.version, path); err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the binary: %w", err)
	}
	if len(binary) > maxBinary {
		return nil, fmt.Errorf("the binary has %d bytes, more than %d", len(binary), maxBinary)
	}
	materials, err := billOf(path, o.version, binary)
	if err != nil {
		return nil, err
	}
	w, err := newWheel(o.checkout, p, o.version, binary, materials)
	if err != nil {
		return nil, err
	}
	packed, err := w.pack()
	if err != nil || o.wheels {
		return []file{packed}, err
	}
	name := fmt.Sprintf("forebay_%s_%s_%s", strings.TrimPrefix(o.version, "v"), p.os, p.arch)
	return []file{{name, binary, runs}, {name + ".cdx.json", materials, read}, packed}, nil
}
