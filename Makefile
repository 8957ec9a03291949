# Short names for the demo's commands.
.PHONY: demo down test

demo:
	python3 -m demo up

down:
	python3 -m demo down

test:
	python3 -m demo test
