"""What holds on every platform: `test_scenarios.py` knows none of them, a file `on_….py` each plays it on one."""
