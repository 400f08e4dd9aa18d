from perturb.toolset import Task

INFORMATION: tuple[Task, ...] = ()
