# make demo and make test install whatever is missing (setup/install) and are quick the second time.
.DEFAULT_GOAL := help
.PHONY: help demo test chaos histories bench bench-redis setup redis valkey cluster format clean
export KEEP FAULT RUNBOOK SEED MINUTES EVERY VARIANT CASE ROUNDS PIPELINES FSYNC

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

demo: setup ## a database upgrade on a production of its own; KEEP=1 leaves it running, FAULT=<name> breaks something
	@bin/lab demo

test: setup ## lint, types and every test; ends with: N passed, N failed
	@setup/test

chaos: setup valkey ## every runbook suffers every fault, then random walks, into docs/proof.md; RUNBOOK=… SEED=… MINUTES=… EVERY=…
	@setup/with-tools node -r ./test/lab/typescript.cjs test/proof/chaos.ts
	@case "$(RUNBOOK)$(VARIANT)$(CASE)$(SEED)" in ''|redisClusterBootstrap) \
	  HALF_MADE=20 setup/with-tools jest test/activities/redis/cluster.test.ts --testNamePattern half-made ;; esac

histories: setup ## record the histories that the replay tests replay
	@setup/with-tools node -r ./test/lab/typescript.cjs test/replay/record.ts

bench: cluster ## measure what the documentation promises, into docs/measurements.md; takes a quarter of an hour
	@setup/with-tools node -r ./test/lab/typescript.cjs bench/main.ts

bench-redis: cluster valkey ## Redis clusters made and resharded, beside redis-cli and Valkey's own command; takes a quarter of an hour
	@setup/with-tools node -r ./test/lab/typescript.cjs bench/redis-cluster.ts
	@setup/with-tools node -r ./test/lab/typescript.cjs bench/redis-reshard.ts
	@SERVERS=valkey setup/with-tools node -r ./test/lab/typescript.cjs bench/redis-reshard.ts

setup: ## install what is missing and build
	@setup/install

redis: setup ## fetch what the lab's Azure Cache for Redis runs on; some seconds, once
	@setup/debian-programs

valkey: setup ## fetch what pods of the image valkey/valkey:9 run; some seconds, once
	@setup/valkey

cluster: setup ## build what the lab's Kubernetes cluster needs; five minutes, once
	@setup/cluster

format: setup ## lay out the sources
	@setup/with-tools npm run --silent format

clean: ## remove what was built or installed here; the cache folder stays
	rm -rf dist node_modules coverage
