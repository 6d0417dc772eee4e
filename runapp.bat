@echo off
rem Sets up on first use, then serves on 127.0.0.1:8888: buildserver/runapp.py does it, this only finds a Python for it.
for %%P in (py python3 python) do (
    %%P -I -c 0 >nul 2>nul && (
        %%P -I "%~dp0buildserver\runapp.py" %*
        goto end
    )
)
echo buildserver needs Python 3.11, 3.12 or 3.13 and found none: winget install Python.Python.3.13 1>&2
exit /b 1
:end
exit /b %ERRORLEVEL%
