// promlint reads metrics from standard input and finds what `promtool check metrics` finds.
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// Names that clients know, older than the rules that they break.
var known = map[string]bool{
	"kubelens_http_latency_avg_ms": true,
	"kubelens_http_latency_max_ms": true,
}

func main() {
	problems, err := promlint.New(os.Stdin).Lint()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	found := false
	for _, problem := range problems {
		if known[problem.Metric] {
			continue
		}
		found = true
		fmt.Println(problem.Metric, problem.Text)
	}
	if found {
		os.Exit(1)
	}
}
