// Command attendant does what the test control plane needs around it, with
// nothing but Go's standard library:
//
//	attendant guard PROGRAM [ARG...]   runs a program that never outlives its starter
//	attendant certificates DIR         writes a CA and what it signs
//	attendant webhook DIR MESSAGE      an admission webhook that denies everything
package main

import (
	"fmt"
	"os"
)

func main() {
	err := fmt.Errorf("usage: attendant guard PROGRAM [ARG...] | certificates DIR | webhook DIR MESSAGE")
	switch args := os.Args[1:]; {
	case len(args) >= 2 && args[0] == "guard":
		err = guard(args[1:])
	case len(args) == 2 && args[0] == "certificates":
		err = certificates(args[1])
	case len(args) == 3 && args[0] == "webhook":
		err = webhook(args[1], args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "attendant:", err)
		os.Exit(1)
	}
}
