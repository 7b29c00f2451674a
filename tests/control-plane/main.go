// Command control-plane is a whole Kubernetes control plane, and kubectl, in one binary: it
// becomes the program named by its own file name or, failing that, by its first
// argument, and passes the remaining arguments on.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// programs maps a program's name to what runs it with the given argv.
var programs = map[string]func(argv []string) int{
	"etcd":                    etcd,
	"kube-apiserver":          command(apiserver.NewAPIServerCommand),
	"kube-controller-manager": command(controllermanager.NewControllerManagerCommand),
	"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubectl":                 command(kubectl.NewDefaultKubectlCommand),
}

func main() {
	argv := os.Args
	run, found := programs[filepath.Base(argv[0])]
	if !found && len(argv) > 1 {
		argv = argv[1:]
		run, found = programs[argv[0]]
	}
	if !found {
		fmt.Fprintf(os.Stderr, "usage: control-plane (%s) [flags]\n", strings.Join(names(), "|"))
		os.Exit(2)
	}
	os.Exit(run(argv))
}

func names() []string {
	all := make([]string, 0, len(programs))
	for name := range programs {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

// etcd never returns: etcdmain exits the process itself.
func etcd(argv []string) int {
	etcdmain.Main(argv)
	return 0
}

// command runs a cobra command as its own main would. The command is only built
// when it is wanted, because building one registers flags process-wide.
func command(build func() *cobra.Command) func([]string) int {
	return func(argv []string) int {
		os.Args = argv
		return cli.Run(build())
	}
}
