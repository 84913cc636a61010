// A worker that fails before it is ready.
throw new Error("not today");
