# Sets up on first use, then serves on 127.0.0.1:8888: buildserver/runapp.py does it, this only finds a Python for it.
$app = Join-Path $PSScriptRoot "buildserver/runapp.py"
foreach ($python in @("py", "python3", "python")) {
    if (Get-Command $python -ErrorAction SilentlyContinue) {
        & $python -I -c 0 2>$null
        if ($LASTEXITCODE -eq 0) {
            & $python -I $app @args
            exit $LASTEXITCODE
        }
    }
}
[Console]::Error.WriteLine("buildserver needs Python 3.11, 3.12 or 3.13 and found none: winget install Python.Python.3.13")
exit 1
