module vmgenc

go 1.19
