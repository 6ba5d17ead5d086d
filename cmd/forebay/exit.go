package main

// The exit codes, as the README lists them. They tell a service manager whether another try can help.
const (
	exitOK = 0
	// exitStart: forebay could not start, because a port was taken or a worker did not come up.
	exitStart = 1
	// exitUsage: the command line or the configuration is wrong.
	exitUsage = 2
	// exitApp: the application could not be loaded.
	exitApp = 3
)
