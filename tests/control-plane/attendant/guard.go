package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// guard runs argv until it ends or until standard input does. The starter holds
// the other end of that pipe, so however the starter dies, even by SIGKILL, the
// program goes with it.
func guard(argv []string) error {
	program := exec.Command(argv[0], argv[1:]...)
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	// Its own group: a Ctrl-C on the terminal must reach it only through us.
	program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := program.Start(); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	starterGone := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); close(starterGone) }()
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()

	select {
	case err := <-ended:
		return exitLike(err)
	case <-stop:
	case <-starterGone:
	}
	group := -program.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(2 * time.Second):
		_ = syscall.Kill(group, syscall.SIGKILL)
		<-ended
	}
	return nil
}

// exitLike ends this process with the status that the program ended with.
func exitLike(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		os.Exit(exit.ExitCode())
	}
	return err
}
